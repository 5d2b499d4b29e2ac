import type { Rule } from '../repository.js'
import { noCycles } from './cycles.js'
import { decisionPages } from './decisions.js'
import { declaredDependencies, projectReferences, usedDependencies } from './dependencies.js'
import { doorsExist } from './doors.js'
import { fileLengths } from './file-lengths.js'
import { importLayers } from './import-layers.js'
import { lightStarts } from './light-starts.js'
import { markdownLinks } from './markdown-links.js'
import { kebabCase, noGrabBags } from './names.js'
import { noDownloadAddresses, noMachineTraces } from './no-machine-traces.js'
import { pureCore } from './pure-core.js'
import { readmes } from './readmes.js'

/** The house rules, by what they say. */
export const RULES: Readonly<Record<string, Rule>> = {
  'imports follow the table of layers, and enter packages by their exports': importLayers,
  'what package.json exports is there': doorsExist,
  'what is imported is declared in package.json': declaredDependencies,
  'what package.json declares is imported': usedDependencies,
  'tsconfig.json references the workspaces that package.json depends on': projectReferences,
  'no file imports itself by way of others': noCycles,
  'files are named in kebab-case': kebabCase,
  'no name is a grab-bag': noGrabBags,
  'what is started often loads only what it needs': lightStarts,
  'the cores are pure': pureCore,
  'folders have a README that says what may enter': readmes,
  'files fit in a head': fileLengths,
  'decisions have a number, a status and a date, and stand in the index': decisionPages,
  'nothing committed knows the machine it was written on': noMachineTraces,
  'package-lock.json holds no download addresses': noDownloadAddresses,
  'links in pages lead somewhere': markdownLinks,
}
