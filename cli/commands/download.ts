import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { downloadFile } from '@chat4all/sdk/node'
import { Profiles } from '../account/profiles.js'
import { filesOf } from '../account/sign-in.js'
import { TransferBar } from '../files/transfer-bar.js'
import { printJson } from '../terminal/json.js'
import { printable } from '../terminal/printable.js'
import { CommandError, type DefineCommand } from './command.js'
import { explained, type UserOptions, userCommand } from './user-command.js'

interface DownloadCommandOptions extends UserOptions {
  readonly conversation?: string
  readonly force?: true
}

/** `chat4all download`: ends well only when the file is whole and its SHA-256 is right. */
export const defineDownload: DefineCommand = (command) => {
  userCommand(command)
    .option('--conversation <id>', 'in which it was posted: saves the server a search')
    .option('--force', 'replace a file that is there')
    .action((fileId: string, path: string | undefined, options: DownloadCommandOptions) =>
      explained(async () => {
        const files = filesOf(new Profiles().get(options.profile))
        const { conversation } = options
        // Only the last part of a name that somebody else chose: it leads to no other folder.
        const target = path ?? basename((await files.get(fileId, conversation)).name)
        if (existsSync(target) && !options.force)
          throw new CommandError(`${target} exists: name another, or use --force`)
        const startedMs = performance.now()
        const bar = new TransferBar(options.json === true)
        try {
          const { size, checksum, receivedBytes } = await downloadFile(files, fileId, target, {
            ...(conversation !== undefined && { conversation }),
            onProgress: ({ storedBytes, totalBytes }) => bar.show('downloading', storedBytes, totalBytes),
          })
          bar.stop()
          if (options.json) {
            const seconds = (performance.now() - startedMs) / 1000
            printJson({ path: target, size, checksum, received_bytes: receivedBytes, seconds })
          } else console.log(printable(target))
        } finally {
          bar.stop()
        }
      }),
    )
}
