import { openFileSource, type UploadedFile } from '@chat4all/sdk/node'
import type { Profile } from '../account/profiles.js'
import { filesOf } from '../account/sign-in.js'
import { CommandError } from '../commands/command.js'
import { KeptUpload } from './kept-uploads.js'
import { TransferBar } from './transfer-bar.js'

export interface UploadCommandOptions {
  readonly profile: string
  readonly json?: true
  readonly mime?: string
  readonly parallel?: number
}

export interface UploadOutcome extends UploadedFile {
  /** Bytes that this run of the command sent. */
  readonly sentBytes: number
  /** Until the store had the whole file. */
  readonly transferSeconds: number
  /** Until the server had verified it. */
  readonly seconds: number
}

const PHASES = { hashing: 'reading', sending: 'uploading', verifying: 'verifying', done: 'done', paused: 'paused' }

/** Uploads a file, or goes on where an earlier run of the same command ended. @throws CommandError, Chat4AllError */
export async function uploadWithProgress(
  account: Profile,
  path: string,
  options: UploadCommandOptions,
): Promise<UploadOutcome> {
  const source = await openFileSource(path, options.mime === undefined ? {} : { mime: options.mime }).catch(
    (error: Error) => {
      throw new CommandError(`cannot read ${path}: ${error.message}`)
    },
  )
  const kept = new KeptUpload(options.profile, account.url, source.fingerprint)
  const bar = new TransferBar(options.json === true)
  const startedMs = performance.now()
  const elapsed = () => (performance.now() - startedMs) / 1000
  let sentBytes = 0
  let transferSeconds = 0
  const upload = filesOf(account).uploadFile(source, {
    resume: kept.load(),
    onState: (state) => kept.save(state),
    onProgress: (progress) => {
      sentBytes = progress.sentBytes
      if (progress.phase === 'verifying') transferSeconds ||= elapsed()
      bar.show(PHASES[progress.phase], progress.storedBytes, progress.totalBytes)
    },
    ...(options.parallel !== undefined && { parallel: options.parallel }),
  })
  try {
    const file = await upload.result
    return { ...file, sentBytes, transferSeconds, seconds: elapsed() }
  } finally {
    bar.stop()
  }
}
