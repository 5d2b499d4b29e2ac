import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inLoadProcess } from '../scenarios/in-load-process.js'
import type { MessageResult } from '../scenarios/message-scenarios.js'
import type { PairsSettings } from '../scenarios/settings.js'
import { startChat4All } from '../servers/chat4all.js'
import { repositoryFolder } from '../servers/folders.js'
import type { Placement } from '../servers/running-server.js'
import { type ProfileSummary, readProfiles, summarise } from './cpu-profile.js'

/** V8's own interval, 1 ms, sees too little of functions that run for microseconds. */
const SAMPLE_MICROS = 250

export interface ServerProfile {
  readonly result: MessageResult
  readonly summary: ProfileSummary
}

/** Runs the pairs scenario on our server under V8's sampling profiler, cut to the measured window. */
export async function profileServer(
  settings: PairsSettings,
  placement: Placement,
  keepIn: string | undefined,
): Promise<ServerProfile> {
  const folder = keepIn ?? mkdtempSync(join(tmpdir(), 'chat4all-profile-'))
  try {
    const server = await startChat4All({
      processors: placement.server,
      nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_MICROS}`],
    })
    let result: MessageResult
    try {
      result = await inLoadProcess({ dialect: 'chat4all', target: server.target, settings }, placement.load)
    } finally {
      // The profile is written when the process ends by itself.
      await server.stop()
    }
    return { result, summary: summarise(readProfiles(folder), result.window, repositoryFolder) }
  } finally {
    if (keepIn === undefined) rmSync(folder, { recursive: true, force: true })
  }
}
