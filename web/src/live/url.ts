/** browserURL is the address of a ticket as this page reaches it: while developing
 *  the page comes from another port, which passes on to the centre. */
export function browserURL(url: string): string {
  if (!import.meta.env.DEV) return url
  const u = new URL(url)
  u.host = location.host
  u.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return u.toString()
}
