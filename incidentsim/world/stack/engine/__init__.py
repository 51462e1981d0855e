"""The inference engine of one replica: continuous batching, paged KV cache, prefix cache, as macro steps."""
