"""Labels from an LLM teacher: versioned prompts, a client for OpenAI-compatible endpoints, a ledger of what was answered."""
