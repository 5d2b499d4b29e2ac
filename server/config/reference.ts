import { flagOf, type Setting, settings } from './settings.js'

/** docs/configuration.md, made from the table of settings. */
export function configurationReference(): string {
  const rows = (Object.values(settings) as Setting<unknown>[]).map((setting) => {
    const flag = flagOf(setting)
    const fallback = setting.fallback === undefined ? (setting.otherwise ?? 'must be given') : `\`${setting.fallback}\``
    return `| \`${setting.env}\` | ${flag === undefined ? '–' : `\`${flag}\``} | ${setting.roles.join(', ')} | ${setting.about}. Expected: ${setting.expected}. | ${fallback} |`
  })
  return `# Configuration

<!-- Made from server/config/settings.ts by \`node server/dist/config/write-reference.js\`; a test holds the two together. -->

Each role of \`chat4all\` reads its settings from the environment; a flag, where there is one, comes first. Secrets have no
flag, because every user of a machine can read its command lines. All that is wrong is told at once when the server
starts, and it does not start (exit code 78). A \`CHAT4ALL_\` name that is no setting is warned of.

| Variable | Flag | Roles | Meaning | Default |
|---|---|---|---|---|
${rows.join('\n')}

## Files in the data folder

| File | What it is |
|---|---|
| \`token-key\` | The key that signs access tokens, made at the first start of \`all\` unless \`CHAT4ALL_TOKEN_KEY\` is given. Readable by its owner only. |
| \`demo-secret\` | The client_secret of the app \`demo\`, made by \`all --demo\` unless \`CHAT4ALL_DEMO_SECRET\` is given. Readable by its owner only. |
| \`ring.json\` | The members with which a shard-node of a cluster made its slots. A start with other members is refused: the data of its slots would be on another machine. |

The rest belongs to the storage: never edit it, and never let two processes use one folder.

## Exit codes

| Code | Meaning | What to do |
|---|---|---|
| 0 | Stopped as asked (SIGTERM or SIGINT), drained. | – |
| 1 | A fault of the program: a broken invariant or an error that nobody expected. The last line of the log says what. | Report it; start again. |
| 74 | The storage failed: a full disk, a failing sync, a damaged file. Nothing was acknowledged that is not stored. | The log says what failed and where; mend it, start again. |
| 78 | The configuration is wrong. | The message names each setting, what was given and what is expected. |
| 130, 143 | Stopped at once by a second SIGINT or SIGTERM. | – |
`
}
