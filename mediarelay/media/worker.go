package media

import "huawu/shared/fault"

type worker struct{ now int64 }
type pool struct{}
type player struct{}
type leg struct {
	closed bool
	player player
	tap    *tapRing
}

func newPool(Config) *pool                     { return &pool{} }
func (p *pool) quarantined() int               { return 0 }
func newWorker(Config, *pool) (*worker, error) { return &worker{}, nil }
func (w *worker) run()                         {}
func (w *worker) release()                     {}
func (w *worker) stop()                        {}
func (w *worker) counters() Counters           { return Counters{} }
func (w *worker) post(func())                  {}
func (w *worker) do(func()) bool               { return false }
func (w *worker) open(PortOptions) (*Port, error) {
	return nil, fault.New(fault.Unavailable, "media: no worker")
}
func (p *Port) setRemote(Remote)               {}
func (p *Port) play(Playlist)                  {}
func (p *Port) join(*Port)                     {}
func (p *Port) sendDigits(uint64, string, any) {}
func (p *Port) statistics(int64) Stats         { return Stats{} }
func (p *Port) shut()                          {}
func (p *player) clear()                       {}
