import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UploadState } from '@chat4all/sdk/node'
import { profilesFolder } from '../account/profiles.js'

/** Uploads that did not end, one small file each: the same command again goes on with them. */
export class KeptUpload {
  private readonly folder = join(profilesFolder(), 'uploads')
  private readonly path: string

  /** @param fingerprint of the file on disk: another content is another upload */
  constructor(profile: string, url: string, fingerprint: string) {
    const name = createHash('sha256').update(`${profile}\n${url}\n${fingerprint}`).digest('hex').slice(0, 32)
    this.path = join(this.folder, `${name}.json`)
  }

  load(): UploadState | undefined {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as UploadState
    } catch {
      // None, or one that is of no use: then the upload begins anew, which loses nothing.
      return undefined
    }
  }

  save(state: UploadState | undefined): void {
    if (state === undefined) return rmSync(this.path, { force: true })
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    const draft = `${this.path}.${process.pid}.new`
    writeFileSync(draft, JSON.stringify(state), { mode: 0o600 })
    renameSync(draft, this.path)
  }
}
