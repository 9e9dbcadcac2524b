import { story } from '../lib/bed.mjs'
import { firstCall } from '../lib/first-call.mjs'

story(() => firstCall('en'))
