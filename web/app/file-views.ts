import type { Files, Message, Payload } from '@chat4all/sdk'
import { element } from './dom.js'

export type FilePayload = Extract<Payload, { type: 'file' }>

const PICTURE = /^image\/(png|jpeg|gif|webp|avif|bmp)$/
/** Larger pictures are shown when somebody asks for them. */
const PREVIEW_BYTES_MAX = 12 * 1024 * 1024
const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const

export function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** Files as messages show them: each is drawn once, however often its conversation is. */
export class FileViews {
  private readonly files: Files
  private readonly conversation: string
  private readonly drawn = new Map<string, HTMLElement>()
  /** A picture has come: it needs room. */
  private readonly onGrown: () => void

  constructor(files: Files, conversation: string, onGrown: () => void) {
    this.files = files
    this.conversation = conversation
    this.onGrown = onGrown
  }

  view(message: string, payload: FilePayload): HTMLElement {
    const known = this.drawn.get(message)
    if (known !== undefined) return known
    const made = this.draw(payload)
    this.drawn.set(message, made)
    return made
  }

  /** Lets go of what was drawn for messages that are no more, or have a file no more. */
  keepOnly(messages: readonly Message[]): void {
    const withFile = messages
      .filter(({ payload }) => payload.type === 'file')
      .map(({ messageId }) => messageId as string)
    const kept = new Set(withFile)
    for (const message of this.drawn.keys()) if (!kept.has(message)) this.drawn.delete(message)
  }

  private draw({ file_id, name, size, mime, caption }: FilePayload): HTMLElement {
    const fault = element('span', { class: 'fault', role: 'alert' })
    const download = element(
      'button',
      { type: 'button', class: 'download', title: 'Download', click: () => void this.download(file_id, name, fault) },
      `${name} · ${bytesText(size)}`,
    )
    const view = element('div', { class: 'file', 'data-file': file_id }, download, fault)
    if (caption !== undefined) view.append(element('p', {}, caption))
    if (PICTURE.test(mime) && size <= PREVIEW_BYTES_MAX) void this.preview(view, file_id, name)
    return view
  }

  private async preview(view: HTMLElement, fileId: string, name: string): Promise<void> {
    try {
      const { url } = await this.address(fileId, 'inline')
      const picture = element('img', { src: url, alt: name, class: 'preview', load: this.onGrown })
      view.prepend(picture)
    } catch {
      // The name stays, and says why when it is clicked.
    }
  }

  private async download(fileId: string, name: string, fault: HTMLElement): Promise<void> {
    fault.textContent = ''
    try {
      const { url } = await this.address(fileId, 'attachment')
      element('a', { href: url, download: name }).click()
    } catch (error) {
      fault.textContent = (error as { detail?: string }).detail ?? String(error)
    }
  }

  private address(fileId: string, disposition: 'inline' | 'attachment') {
    return this.files.downloadUrl(fileId, { disposition, conversation: this.conversation })
  }
}
