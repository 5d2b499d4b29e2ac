import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Runs a test in a file system of its own that is really full after so many megabytes; skips where none can be made. */
export async function onSmallDisk(
  test: TestContext,
  megabytes: number,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-full-'))
  try {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
    } catch {
      test.skip('needs the right to mount a small tmpfs: run as root to have it')
      return
    }
    try {
      await run(folder)
    } finally {
      execFileSync('umount', [folder])
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
