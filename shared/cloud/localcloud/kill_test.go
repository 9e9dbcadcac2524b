package localcloud_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

// These tests start this test binary again as a process that is then killed.
var (
	childDir   = flag.String("child", "", "be the child that writes into this folder")
	childTask  = flag.String("task", "", "what the child does")
	killRounds = flag.Int("rounds", 5, "rounds of kill -9 for each durability")
)

const writers = 8

// TestChild is the child process. Each line that it prints is one acknowledged
// write, written at once and unbuffered.
func TestChild(t *testing.T) {
	if *childDir == "" {
		t.Skip("only for the tests that start it")
	}
	d := localcloud.Synced
	if strings.HasSuffix(*childTask, "process") {
		d = localcloud.Process
	}
	c, err := localcloud.Open(localcloud.Options{Dir: *childDir, Durability: d, Queues: []localcloud.QueueOptions{{Name: "q"}}})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(*childTask, "write"):
		for w := range writers {
			go writeFor(t, c, w)
		}
		select {} // until killed
	case strings.HasPrefix(*childTask, "die"):
		c.SetFaults(localcloud.Faults{DieAfter: 7, Dead: localcloud.KillSelf})
		writeFor(t, c, 0)
	case *childTask == "full":
		fillDisk(t, c)
	}
}

// writeFor writes on and on: a transaction of two items that are to stay equal,
// a message, and now and then a blob.
func writeFor(t *testing.T, c *localcloud.Cloud, w int) {
	item := func(name string) cloud.Key { return cloud.Key{Part: fmt.Sprintf("t|C#%d", w), Sort: name} }
	last, err := c.Table().Get(t.Context(), item("a"), true)
	if err != nil {
		panic(err)
	}
	for n := last.Int("n") + 1; ; n++ {
		err := c.Table().Transact(context.Background(), fmt.Sprintf("%d/%d", w, n), cloud.Write{Key: item("a"), Set: cloud.Item{"n": n}}, cloud.Write{Key: item("b"), Set: cloud.Item{"n": n}})
		say("item", w, n, err)
		err = c.Queue().Send(context.Background(), "q", cloud.Message{Body: fmt.Appendf(nil, "%d/%d", w, n)})
		say("message", w, n, err)
		if n%16 == 0 {
			err = c.Blobs().Put(context.Background(), fmt.Sprintf("%d/%d", w, n), strings.NewReader(strings.Repeat(fmt.Sprintf("%d/%d ", w, n), 1000)), cloud.PutOptions{})
			say("blob", w, n, err)
		}
	}
}

// say tells the parent of an acknowledged write; an error ends the child.
func say(what string, w int, n int64, err error) {
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(fmt.Appendf(nil, "%s %d %d\n", what, w, n))
}

// acks is what the child said was acknowledged.
type acks struct {
	n        int
	items    [writers]int64
	messages map[string]bool
	blobs    map[string]bool
}

// child runs a child and returns what it said and how it ended. kill, if given,
// is called once it has said something.
func (a *acks) child(t *testing.T, dir, task string, kill func(*os.Process)) *os.ProcessState {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-child="+dir, "-task="+task)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	r := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break // a torn last line was not acknowledged
		}
		var what string
		var w int
		var n int64
		if _, err := fmt.Sscan(line, &what, &w, &n); err != nil {
			continue
		}
		a.n++
		id := fmt.Sprintf("%d/%d", w, n)
		switch what {
		case "item":
			a.items[w] = max(a.items[w], n)
		case "message":
			a.messages[id] = true
		case "blob":
			a.blobs[id] = true
		}
		if kill != nil {
			once.Do(func() { go kill(cmd.Process) })
		}
	}
	_ = cmd.Wait()
	return cmd.ProcessState
}

func newAcks() *acks { return &acks{messages: map[string]bool{}, blobs: map[string]bool{}} }

func wasKilled(s *os.ProcessState) bool {
	status, ok := s.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func TestNoAcknowledgedWriteIsLostToKill(t *testing.T) {
	for name, durability := range map[string]localcloud.Durability{"synced": localcloud.Synced, "process": localcloud.Process} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, a := t.TempDir(), newAcks()
			for range *killRounds {
				s := a.child(t, dir, "write "+name, func(p *os.Process) {
					<-time.After(time.Duration(50+rand.IntN(250)) * time.Millisecond)
					_ = p.Kill()
				})
				if !wasKilled(s) {
					t.Fatalf("the child ended by itself: %v", s)
				}
			}
			a.check(t, dir, durability)
			t.Logf("%d rounds, %d acknowledged writes, none lost", *killRounds, a.n)
		})
	}
}

// check opens what the children left and looks for everything acknowledged.
func (a *acks) check(t *testing.T, dir string, d localcloud.Durability) {
	t.Helper()
	clock := localcloud.NewClock(time.Now())
	c := openCloud(t, localcloud.Options{Dir: dir, Durability: d, Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: "q"}}})
	w := &world{t, c, clock, 0}
	inStream := map[string]string{}
	w.watch("x", func(e string) {
		k, change, _ := strings.Cut(e, ":")
		_, inStream[k], _ = strings.Cut(change, ">")
	})
	if _, err := w.Drain(t.Context(), 1_000_000); err != nil {
		t.Fatal(err)
	}
	for i, acked := range a.items {
		part := fmt.Sprintf("t|C#%d", i)
		n, m := w.get(cloud.Key{Part: part, Sort: "a"}).Int("n"), w.get(cloud.Key{Part: part, Sort: "b"}).Int("n")
		if n < acked || n > acked+int64(*killRounds) || n != m {
			t.Errorf("writer %d: %d acknowledged, items hold %d and %d", i, acked, n, m)
		}
		if inStream[part] != fmt.Sprint(n) {
			t.Errorf("writer %d: the stream ends at %s, the item at %d", i, inStream[part], n)
		}
	}
	for _, body := range w.received("q") {
		delete(a.messages, body)
	}
	if len(a.messages) > 0 {
		t.Errorf("%d acknowledged messages are lost", len(a.messages))
	}
	for id := range a.blobs {
		body, _, err := c.Blobs().Get(t.Context(), id, 0, -1)
		if err != nil {
			t.Errorf("blob %s: %v", id, err)
			continue
		}
		b, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || string(b) != strings.Repeat(id+" ", 1000) {
			t.Errorf("blob %s has %d bytes, %v", id, len(b), err)
		}
	}
}

// KillSelf strikes after the k-th commit and before its answer: the classic lost
// response, by a real process.
func TestAProcessDiesByItsOwnHook(t *testing.T) {
	for _, task := range []string{"die synced", "die process"} {
		t.Run(task, func(t *testing.T) {
			dir, a := t.TempDir(), newAcks()
			if s := a.child(t, dir, task, nil); !wasKilled(s) {
				t.Fatalf("the child was not killed: %v", s)
			}
			if a.n != 6 {
				t.Errorf("%d acknowledged before the seventh", a.n)
			}
			c := openCloud(t, localcloud.Options{Dir: dir, Queues: []localcloud.QueueOptions{{Name: "q"}}})
			i, err := c.Table().Get(t.Context(), cloud.Key{Part: "t|C#0", Sort: "a"}, true)
			if err != nil || i.Int("n") != 4 || c.Depth("q") != 3 {
				t.Errorf("item %d, %d messages, %v; want the 7th write there and no 8th", i.Int("n"), c.Depth("q"), err)
			}
		})
	}
}

// fillDisk is a child whose files may not grow beyond 256 KB.
func fillDisk(t *testing.T, c *localcloud.Cloud) {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 256 << 10, Max: 256 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	write := func(n int) error {
		_, err := c.Table().Write(t.Context(), cloud.Write{Key: cloud.Key{Part: "t|C#0", Sort: fmt.Sprintf("%06d", n)}, Put: cloud.Item{"s": strings.Repeat("x", 20<<10)}})
		return err
	}
	for n := 1; ; n++ {
		err := write(n)
		if err == nil {
			say("item", 0, int64(n), nil)
			continue
		}
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a full disk gives %v", err)
		}
		break
	}
	if err := c.Blobs().Put(t.Context(), "b", strings.NewReader(strings.Repeat("x", 1<<20)), cloud.PutOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a blob on a full disk gives %v", err)
	}
	if i, err := c.Table().Get(t.Context(), cloud.Key{Part: "t|C#0", Sort: "000001"}, true); err != nil || i == nil {
		t.Errorf("on a full disk nothing can be read: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Log(err)
	}
}

func TestAFullDiskIsAnErrorAndLosesNothing(t *testing.T) {
	dir, a := t.TempDir(), newAcks()
	if s := a.child(t, dir, "full", nil); !s.Success() {
		t.Fatalf("the child failed: %v", s)
	}
	c := openCloud(t, localcloud.Options{Dir: dir})
	page, _, err := c.Table().Query(t.Context(), cloud.Query{Part: "t|C#0", Strong: true})
	if err != nil || int64(len(page)) != a.items[0] || len(page) == 0 {
		t.Errorf("%d items of %d acknowledged, %v", len(page), a.items[0], err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("half a body is left: %v", left)
	}
	if _, err := c.Table().Write(t.Context(), cloud.Write{Key: key(1), Put: cloud.Item{}}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
