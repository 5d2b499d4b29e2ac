import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '../commands/command.js'

/** Whom the command line acts for, and where. */
export interface Profile {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly user: string
}

/** Where profiles are kept: `CHAT4ALL_HOME`, else the user's configuration folder. */
export function profilesFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const configuration = environment.XDG_CONFIG_HOME || join(homedir(), '.config')
  return environment.CHAT4ALL_HOME || join(configuration, 'chat4all')
}

/** The profiles of one person, in one file that only this person can read: it holds secrets. */
export class Profiles {
  private readonly folder: string

  constructor(folder: string = profilesFolder()) {
    this.folder = folder
  }

  private get path(): string {
    return join(this.folder, 'profiles.json')
  }

  /** @throws CommandError when there is none of this name. */
  get(name: string): Profile {
    const profiles = this.all()
    const profile = profiles[name]
    if (profile !== undefined) return profile
    const names = Object.keys(profiles)
    const known = names.length === 0 ? '' : ` Known: ${names.join(', ')}.`
    throw new CommandError(`no profile ${name}.${known} Make it with: chat4all login --profile ${name}`)
  }

  all(): Record<string, Profile> {
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw new CommandError(`cannot read ${this.path}: ${(error as Error).message}`)
    }
    try {
      return JSON.parse(text) as Record<string, Profile>
    } catch {
      throw new CommandError(`${this.path} is damaged: move it away and log in again`)
    }
  }

  save(name: string, profile: Profile): void {
    const text = `${JSON.stringify({ ...this.all(), [name]: profile }, undefined, 2)}\n`
    const draft = `${this.path}.${process.pid}.new`
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 })
      writeFileSync(draft, text, { mode: 0o600 })
      // The mode above is only for a new file.
      chmodSync(draft, 0o600)
      renameSync(draft, this.path)
    } catch (error) {
      throw new CommandError(`cannot write ${this.path}: ${(error as Error).message}`)
    }
  }
}
