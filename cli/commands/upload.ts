import { Profiles } from '../account/profiles.js'
import { bytesText } from '../files/transfer-bar.js'
import { type UploadCommandOptions, uploadWithProgress } from '../files/upload-with-progress.js'
import { printJson } from '../terminal/json.js'
import type { DefineCommand } from './command.js'
import { explained, userCommand, wholeNumber } from './user-command.js'

/** `chat4all upload`: the same command again goes on where it was cut off. */
export const defineUpload: DefineCommand = (command) => {
  userCommand(command)
    .option('--mime <type>', 'its media type, where the name does not tell')
    .option('--parallel <parts>', 'parts that are sent at once', wholeNumber(1))
    .action((path: string, options: UploadCommandOptions) =>
      explained(async () => {
        const file = await uploadWithProgress(new Profiles().get(options.profile), path, options)
        const { sentBytes, transferSeconds, ...told } = file
        if (options.json) printJson({ ...told, sent_bytes: sentBytes, transfer_seconds: transferSeconds })
        else {
          console.log(file.file_id)
          console.error(
            file.reused ? 'The server had it already: nothing was sent.' : `${bytesText(sentBytes)} were sent.`,
          )
        }
      }),
    )
}
