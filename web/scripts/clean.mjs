// Empties dist, all but .keep, which is in git so that a fresh clone compiles.
import { readdirSync, rmSync } from 'node:fs'

for (const name of readdirSync('dist')) if (name !== '.keep') rmSync(`dist/${name}`, { recursive: true })
