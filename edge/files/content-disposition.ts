import type { StoredFile } from '@chat4all/storage'

export type Disposition = 'inline' | 'attachment'

/** Types that a browser shows without running anything of them. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif|bmp)|(audio|video)\/[a-z0-9.+-]+|text\/plain|application\/pdf)$/

/** How a download says what it is. What could run in a browser is only ever saved, whatever is asked. */
export function contentDisposition(
  { name, mime }: Pick<StoredFile, 'name' | 'mime'>,
  asked: Disposition,
): { contentType: string; contentDisposition: string } {
  const shown = SHOWN.test(mime)
  const disposition = shown ? asked : 'attachment'
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  // RFC 8187: what old clients read first, the exact name behind it.
  const exact = encodeURIComponent(name).replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return {
    contentType: shown ? mime : 'application/octet-stream',
    contentDisposition: `${disposition}; filename="${plain}"; filename*=UTF-8''${exact}`,
  }
}
