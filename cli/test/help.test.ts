import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { commands } from '../commands/index.js'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

const printed = (...args: string[]) => execFileSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })

test('the help lists every command with what it takes, and that of a command is the same by both its names', () => {
  const all = printed('help')
  for (const { usage } of commands) assert.ok(all.includes(`\n  ${usage} `), usage)
  assert.equal(printed('--help'), all)
  assert.match(
    printed('help', 'send'),
    /Usage: chat4all send \[options\] <conversation\|@user> \[text\]\n[\s\S]*--message-id/,
  )
  assert.equal(printed('help', 'send'), printed('send', '--help'))
  assert.equal(printed('help', 'members', 'add'), printed('members', 'add', '--help'))
})

test('every command that is listed is in its file, and takes options or has commands of its own', async () => {
  for (const { usage, load } of commands) {
    const command = new Command(usage.split(' ', 1)[0])
    const define = await load()
    define(command)
    assert.ok(command.options.length + command.commands.length > 0, usage)
  }
})
