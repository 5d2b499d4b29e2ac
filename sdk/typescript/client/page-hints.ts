export interface PageHints {
  /** The device says that it has a network again. */
  online(): void
  /** The connection may be dead: the network went away, or the page was asleep. */
  uncertain(): void
  /** The page is about to go: the last chance to save. */
  leaving(): void
}

interface EventSource {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

/** Listens to what a browser knows of network and page; elsewhere does nothing. The function returned stops it. */
export function pageHints(hints: PageHints): () => void {
  const { window, document } = globalThis as { window?: EventSource; document?: EventSource & Partial<Document> }
  const visible = () => {
    if (document?.visibilityState === 'visible') hints.uncertain()
  }
  const pairs: [EventSource | undefined, string, () => void][] = [
    [window, 'online', hints.online],
    [window, 'offline', hints.uncertain],
    [window, 'pagehide', hints.leaving],
    [document, 'visibilitychange', visible],
  ]
  for (const [source, type, listener] of pairs) source?.addEventListener?.(type, listener)
  return () => {
    for (const [source, type, listener] of pairs) source?.removeEventListener?.(type, listener)
  }
}
