import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SET_FOLDER } from './paths.js'
import { identityOf, livingPid } from './process-identity.js'

/**
 * Who still wants an engine. A test run starts what it needs and must stop it again, but neither what a person started
 * nor what another test run uses at the moment. So a test run takes a lease under its pid, a person's start marks the
 * engine as kept, and whoever gives back the last lease of an engine that is not kept may stop it.
 */

const KEPT = 'kept'

export class Leases {
  private readonly folder: string

  constructor(folder: string = join(SET_FOLDER, 'leases')) {
    this.folder = folder
  }

  /** A person started the engine: it runs until somebody stops it. */
  keep(engine: string): void {
    mkdirSync(join(this.folder, engine), { recursive: true })
    writeFileSync(join(this.folder, engine, KEPT), '')
  }

  /** The process `pid` wants the engine as long as it lives; one that ran without any lease before is somebody's. */
  take(engine: string, pid: number, ranBefore: boolean): void {
    const identity = identityOf(pid)
    if (identity === undefined) throw new Error(`no process has the pid ${pid}`)
    if (ranBefore && !existsSync(join(this.folder, engine))) this.keep(engine)
    mkdirSync(join(this.folder, engine), { recursive: true })
    writeFileSync(join(this.folder, engine, String(pid)), identity)
  }

  /** Gives back the lease of `pid`, and those of processes that ended without; returns whether nobody wants it now. */
  release(engine: string, pid: number): boolean {
    if (!existsSync(join(this.folder, engine))) return false
    for (const lease of this.of(engine)) {
      const file = join(this.folder, engine, lease)
      if (lease === String(pid) || livingPid(readFileSync(file, 'utf8')) === undefined) rmSync(file, { force: true })
    }
    return !this.isKept(engine) && this.of(engine).length === 0
  }

  /** The engine was stopped: nobody holds it. */
  forget(engine: string): void {
    rmSync(join(this.folder, engine), { recursive: true, force: true })
  }

  isKept(engine: string): boolean {
    return existsSync(join(this.folder, engine, KEPT))
  }

  private of(engine: string): string[] {
    return readdirSync(join(this.folder, engine)).filter((name) => name !== KEPT)
  }
}
