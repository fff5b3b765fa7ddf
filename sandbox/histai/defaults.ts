/** Whom the HistAI simulator knows without being told: what a configuration for the sandbox says. */
export const HISTAI_DEFAULTS = {
  apiKey: 'sandbox-histai-key',
  /** Another customer's key: it works, and owns nothing of the first one's. */
  otherApiKey: 'sandbox-histai-other-key',
} as const;
