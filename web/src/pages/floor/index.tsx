// The floor for supervisors: figures first, then queues and agents, all of them
// live, and what a supervisor may do about them. Each figure says how it is meant by a word and a shape, not
// by colour alone.
import { useMemo, useState, type ReactNode } from 'react'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { useApp, useLink, useNow, useTopic } from '../../app-context'
import { fill } from '../../i18n/catalogue'
import { clock, number, secondsSince } from '../../i18n/format'
import { useWords } from '../../i18n/react'
import type { Choice, Floor as FloorState, FloorAgent } from '../../live/types'
import { label } from '../../parts/label'
import { current, doing, expected, found, gradeLevel, gradeQueue, gradeWait, isOld, since, sorted, tooLong, totals, type Doing, type Grade, type Order } from './figures'
import { Broadcast } from './broadcast'
import { Actions, Part as PartIn, useSupervisor } from './supervise'
import { words, type Word } from './words'
import './floor.css'

type Say = (w: Word, values?: Record<string, string | number>) => string

export default function Floor() {
  const floor = useTopic('floor')
  const link = useLink()
  const by = useSupervisor()
  const now = useNow()
  const { live } = useApp()
  const { language } = useWords()
  const say: Say = (w, values) => fill(words[language][w], values, language)
  const silence = live.silence()
  const old = link.link !== 'open' || isOld(silence)
  if (!floor) {
    return (
      <p className="page-note" role="status">
        {say('loading')}
      </p>
    )
  }
  return (
    <div className={old ? 'floor floor-old' : 'floor'}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={
            <SpaceBetween direction="horizontal" size="m" alignItems="center">
              {by && <Broadcast by={by} queues={floor.queues} say={say} />}
              <Freshness old={old ? silence : 0} say={say} />
            </SpaceBetween>
          }>
          {say('title')}
        </Header>
        {by && <PartIn by={by} floor={floor} say={say} />}
        <Tiles floor={floor} now={now} say={say} language={language} />
        <Queues floor={floor} now={now} say={say} language={language} />
        <Agents floor={floor} now={now} say={say} language={language} />
      </SpaceBetween>
    </div>
  )
}

/** Freshness says that figures are live, or how old they have become. */
function Freshness({ old, say }: { old: number; say: Say }) {
  if (!old) return <StatusIndicator type="success">{say('live')}</StatusIndicator>
  return <StatusIndicator type="error">{say('stale', { time: clock(old / 1000) })}</StatusIndicator>
}

type Part = { floor: FloorState; now: number; say: Say; language: string }

function Tiles({ floor, now, say, language }: Part) {
  const all = totals(floor)
  const unmanned = all.waiting > 0 && all.by.available === 0
  return (
    <ul className="floor-tiles">
      <Tile name={say('waiting')} value={number(all.waiting, language)} grade={unmanned ? 'bad' : all.waiting > 0 ? gradeWait(all.oldest, now) : 'good'} say={say}>
        {unmanned ? say('unmanned') : all.waiting === 0 ? say('noneWaits') : ''}
      </Tile>
      <Tile name={say('longest')} value={all.oldest ? clock(secondsSince(all.oldest, now)) : '–'} grade={gradeWait(all.oldest, now)} say={say}>
        {say('longestGoal')}
      </Tile>
      <Tile name={say('level')} value={all.level ? `${number(all.level.percent, language)}%` : '–'} grade={gradeLevel(all.level?.percent)} say={say}>
        {all.level ? `${say('levelOf', { within: all.level.within, of: all.level.of })} · ${say('levelGoal', { seconds: all.level.seconds })}` : ''}
      </Tile>
      <li className="floor-tile">
        <Box variant="awsui-key-label">{say('staffed', { n: all.online })}</Box>
        <dl className="floor-people">
          {(
            [
              ['ready', all.by.available],
              ['talking', all.by.connected + all.by.held + all.by.connecting + all.by.offered],
              ['wrapping', all.by.ended],
              ['away', all.by.away],
              ['missed', all.by.missed],
            ] as [Word, number][]
          ).map(([w, n]) => (
            <div key={w}>
              <dt>{say(w)}</dt>
              <dd>{number(n, language)}</dd>
            </div>
          ))}
        </dl>
      </li>
    </ul>
  )
}

function Tile({ name, value, grade, say, children }: { name: string; value: string; grade: Grade; say: Say; children: ReactNode }) {
  return (
    <li className={`floor-tile floor-${grade}`}>
      <Box variant="awsui-key-label">{name}</Box>
      <div className="floor-value">{value}</div>
      <div className="floor-said">
        {grade !== 'none' && <Graded grade={grade} say={say} />} <span>{children}</span>
      </div>
    </li>
  )
}

const shapes: Record<Exclude<Grade, 'none'>, StatusIndicatorProps.Type> = { good: 'success', warn: 'warning', bad: 'error' }

function Graded({ grade, say }: { grade: Grade; say: Say }) {
  return grade === 'none' ? null : <StatusIndicator type={shapes[grade]}>{say(grade)}</StatusIndicator>
}

function Queues({ floor, now, say, language }: Part) {
  const age = (at: string | undefined) => (at ? say('ago', { time: clock(secondsSince(at, now)) }) : '–')
  return (
    <Table
      variant="container"
      header={<Header counter={`(${floor.queues.length})`}>{say('queues')}</Header>}
      items={floor.queues}
      trackBy="id"
      empty={say('noQueues')}
      ariaLabels={{ tableLabel: say('queues') }}
      columnDefinitions={[
        { id: 'name', header: say('queue'), isRowHeader: true, cell: (q) => q.name },
        { id: 'grade', header: say('status'), cell: (q) => <Graded grade={gradeQueue(q, now)} say={say} /> },
        { id: 'waiting', header: say('waiting'), cell: (q) => number(q.waiting, language) },
        { id: 'oldest', header: say('longest'), cell: (q) => (q.waiting > 0 && q.oldestSince ? clock(secondsSince(q.oldestSince, now)) : '–') },
        {
          id: 'expected',
          header: say('expected'),
          cell: (q) => {
            const w = expected(q)
            return w ? (w[1] === 0 ? say('noWait') : `${clock(w[0])}–${clock(w[1])}`) : say('unknown')
          },
        },
        { id: 'free', header: say('free'), cell: (q) => number(q.free, language) },
        {
          id: 'level',
          header: say('level'),
          cell: (q) => (q.serviceLevel && q.serviceLevel.percent !== null ? `${number(q.serviceLevel.percent, language)}%` : '–'),
        },
        { id: 'answered', header: say('answered'), cell: (q) => (q.serviceLevel ? number(q.serviceLevel.answered, language) : '–') },
        { id: 'abandoned', header: say('abandoned'), cell: (q) => (q.serviceLevel ? number(q.serviceLevel.abandoned, language) : '–') },
        { id: 'at', header: say('counted'), cell: (q) => age(q.at) },
      ]}
    />
  )
}

function Agents({ floor, now, say, language }: Part) {
  const by = useSupervisor()
  const [text, setText] = useState('')
  const [order, setOrder] = useState<Order>({ by: 'doing', descending: false })
  const says = useMemo(() => sayer(floor.statuses ?? [], say, language), [floor.statuses, language]) // eslint-disable-line react-hooks/exhaustive-deps
  const queues = new Map(floor.queues.map((q) => [q.id, q.name]))
  const shown = sorted(found(floor.agents, text, says), order, language)
  const columns = [
    { id: 'name', header: say('agent'), isRowHeader: true, sortingField: 'name', cell: (a: FloorAgent) => a.name },
    { id: 'doing', header: say('status'), sortingField: 'doing', cell: (a: FloorAgent) => <Does agent={a} says={says} say={say} /> },
    { id: 'since', header: say('since'), sortingField: 'since', cell: (a: FloorAgent) => <Age agent={a} now={now} say={say} /> },
    {
      id: 'contact',
      header: say('contact'),
      cell: (a: FloorAgent) => {
        const c = current(a)
        return c ? (queues.get(c.queue) ?? c.queue) : '–'
      },
    },
    { id: 'device', header: say('device'), cell: (a: FloorAgent) => say(a.device === 'phone' ? 'phone' : 'softphone') },
    ...(by ? [{ id: 'act', header: say('actions'), cell: (a: FloorAgent) => <Actions agent={a} by={by} statuses={floor.statuses ?? []} say={say} /> }] : []),
  ]
  return (
    <Table
      variant="container"
      header={<Header counter={`(${floor.agents.length})`}>{say('agents')}</Header>}
      filter={
        <TextFilter
          filteringText={text}
          filteringPlaceholder={say('filter')}
          filteringAriaLabel={say('filter')}
          countText={text ? say('matches', { n: shown.length }) : ''}
          onChange={(e) => setText(e.detail.filteringText)}
        />
      }
      items={shown}
      trackBy="id"
      empty={
        text ? (
          <SpaceBetween size="s" alignItems="center">
            <span>{say('noMatch')}</span>
            <Button onClick={() => setText('')}>{say('clear')}</Button>
          </SpaceBetween>
        ) : (
          say('nobody')
        )
      }
      ariaLabels={{ tableLabel: say('agents') }}
      columnDefinitions={columns}
      sortingColumn={columns.find((c) => c.id === order.by)!}
      sortingDescending={order.descending}
      onSortingChange={(e) => setOrder({ by: e.detail.sortingColumn.sortingField as Order['by'], descending: e.detail.isDescending ?? false })}
    />
  )
}

const doings: Record<Doing, StatusIndicatorProps.Type> = {
  available: 'success',
  offered: 'in-progress',
  connecting: 'loading',
  connected: 'in-progress',
  held: 'pending',
  ended: 'pending',
  away: 'stopped',
  missed: 'warning',
  offline: 'not-started',
}

/** sayer says what an agent does; a custom status has the tenant's own name. */
function sayer(statuses: Choice[], say: Say, language: string): (a: FloorAgent) => string {
  return (a) => {
    const d = doing(a)
    if (d !== 'away') return say(d)
    const own = statuses.find((s) => s.name === a.status.name)
    return own ? label(own, language) : a.status.name || say('away')
  }
}

function Does({ agent, says, say }: { agent: FloorAgent; says: (a: FloorAgent) => string; say: Say }) {
  return (
    <SpaceBetween size="xxs">
      <StatusIndicator type={doings[doing(agent)]}>{says(agent)}</StatusIndicator>
      {agent.next && <Box variant="small">{say('next', { status: agent.next.status === 'custom' ? (agent.next.name ?? say('away')) : say(agent.next.status) })}</Box>}
    </SpaceBetween>
  )
}

function Age({ agent, now, say }: { agent: FloorAgent; now: number; say: Say }) {
  const bound = tooLong(agent, now)
  const at = since(agent)
  if (!at) return <>–</>
  const time = clock(secondsSince(at, now))
  return bound ? (
    <span title={say('long', { minutes: bound })}>
      <StatusIndicator type="warning">{time}</StatusIndicator>
    </span>
  ) : (
    <span className="floor-time">{time}</span>
  )
}
