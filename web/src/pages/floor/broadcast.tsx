// A supervisor's short message to agents.
import { useState } from 'react'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Modal from '@cloudscape-design/components/modal'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import type { Agent } from '../../agent/agent'
import { useApp } from '../../app-context'
import { useWords } from '../../i18n/react'
import type { FloorQueue } from '../../live/types'
import { longest } from './figures'
import type { Word } from './words'

type Say = (w: Word, values?: Record<string, string | number>) => string

export function Broadcast({ by, queues, say }: { by: Agent; queues: FloorQueue[]; say: Say }) {
  const { api } = useApp()
  const { t } = useWords()
  const [shown, setShown] = useState(false)
  const [text, setText] = useState('')
  const [queue, setQueue] = useState('')
  const tooLong = [...text.trim()].length > longest
  const send = async () => {
    if (await by.run('broadcast', () => api.broadcast(text.trim(), queue || undefined))) {
      setText('')
      setShown(false)
    }
  }
  const to = [{ value: '', label: say('everyone') }, ...queues.map((q) => ({ value: q.id, label: say('ofQueue', { name: q.name }) }))]
  return (
    <>
      <Button onClick={() => setShown(true)}>{say('broadcast')}</Button>
      {shown && (
        <Modal
          visible
          header={say('broadcast')}
          closeAriaLabel={t('app.close')}
          onDismiss={() => setShown(false)}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setShown(false)}>{say('cancel')}</Button>
                <Button variant="primary" disabled={!text.trim() || tooLong} onClick={() => void send()}>
                  {say('send')}
                </Button>
              </SpaceBetween>
            </Box>
          }
        >
          <SpaceBetween size="m">
            <FormField label={say('broadcastTo')}>
              <Select selectedOption={to.find((o) => o.value === queue) ?? to[0]!} options={to} onChange={(e) => setQueue(e.detail.selectedOption.value ?? '')} />
            </FormField>
            <FormField label={say('message')} constraintText={say('messageRule')} errorText={tooLong ? say('tooLong') : ''}>
              <Textarea value={text} rows={4} autoFocus onChange={(e) => setText(e.detail.value)} />
            </FormField>
          </SpaceBetween>
        </Modal>
      )}
    </>
  )
}
