"""The describer for any server with an OpenAI-compatible chat API.

Read in this order:

- ``describer``: OpenAiDescriber: its model runs on vLLM, SGLang, Ollama, llama.cpp or a hosted service.
- ``chat_server``: a chat-completions server: its model, what it supports, how it is asked.
- ``dialect``: what a server supports, and which form of a request to try when it refuses one.
- ``reply``: parse a server's JSON: its models, and its answers. Nothing in it is trusted.
- ``client``: HTTP to a chat server: key, headers, proxies, redirects; failures as DescribeErrors.
"""
