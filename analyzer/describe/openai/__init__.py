"""The describer for any server with an OpenAI-compatible chat API; transcribers use its client, too.

Read in this order:

- ``describer``: OpenAiDescriber: its model runs on vLLM, SGLang, Ollama, llama.cpp or a hosted service.
- ``chat_server``: a chat-completions server: its model, what it supports, and its requests.
- ``dialect``: what a server supports, and which form of a request to try when it refuses one.
- ``refusal``: whether a server refuses one question or all of them.
- ``reply``: parse the JSON of a server: its models and its answers.
- ``client``: requests to a server: address, key and headers; failures as DescribeErrors.
- ``failure``: what a server says of a failure: messages, codes, web pages, errors in place of an answer.
- ``http_client``: the HTTP client under it: the environment's proxies and certificates, redirects, size.
"""
