"""A model on an endpoint of Amazon SageMaker, asked as ``openai`` asks a server.

Read in this order:

- ``failure``: what the AWS client raises, as DescribeErrors.
- ``client``: requests to an endpoint by InvokeEndpoint.
"""
