export interface NetworkHints {
  /** The device says that it has a network again. */
  online(): void
  /** The connection may be dead: the network went away, or the page was asleep. */
  uncertain(): void
}

interface EventSource {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

/** Listens to what a browser knows of the network; elsewhere does nothing. The function returned stops it. */
export function networkHints(hints: NetworkHints): () => void {
  const { window, document } = globalThis as { window?: EventSource; document?: EventSource & Partial<Document> }
  const visible = () => {
    if (document?.visibilityState === 'visible') hints.uncertain()
  }
  const pairs: [EventSource | undefined, string, () => void][] = [
    [window, 'online', hints.online],
    [window, 'offline', hints.uncertain],
    [document, 'visibilitychange', visible],
  ]
  for (const [source, type, listener] of pairs) source?.addEventListener?.(type, listener)
  return () => {
    for (const [source, type, listener] of pairs) source?.removeEventListener?.(type, listener)
  }
}
