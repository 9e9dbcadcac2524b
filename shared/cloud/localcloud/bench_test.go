package localcloud_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

// BenchmarkClaim runs the transaction of a claim with a third item, 400 bytes
// each, with stream records, alone and by many: on disk with and without sync,
// and in memory.
func BenchmarkClaim(b *testing.B) {
	stores := []struct {
		name string
		dir  bool
		d    localcloud.Durability
	}{{"synced", true, localcloud.Synced}, {"process", true, localcloud.Process}, {"memory", false, localcloud.Process}}
	for _, s := range stores {
		for _, writers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d", s.name, writers), func(b *testing.B) {
				o := localcloud.Options{Durability: s.d}
				if s.dir {
					o.Dir = b.TempDir()
				}
				c, err := localcloud.Open(o)
				if err != nil {
					b.Fatal(err)
				}
				b.SetParallelism(max(writers/2, 1)) // times the two processors
				var n atomic.Int64
				table, text := c.Table(), strings.Repeat("x", 300)
				claim := func() {
					i := n.Add(1)
					w := make([]cloud.Write, 3)
					for j := range w {
						w[j] = cloud.Write{
							Key: cloud.Key{Part: fmt.Sprintf("t|C#%d", (i*7919+int64(j)*31)%10000), Sort: "META"},
							If:  []cloud.Cond{{Attr: "state", Op: "!=", Value: "OFFERED"}},
							Set: cloud.Item{"state": "QUEUED", "text": text, "i": i}, Add: map[string]int64{"v": 1},
						}
					}
					if err := table.Transact(b.Context(), uuid.NewString(), w...); err != nil {
						b.Error(err)
					}
				}
				b.ReportAllocs()
				b.ResetTimer()
				if writers == 1 {
					for range b.N {
						claim()
					}
				} else {
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							claim()
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
				b.StopTimer()
				if err := c.Close(); err != nil {
					b.Error(err)
				}
			})
		}
	}
}

// BenchmarkQuery reads the heads of a waiting list of 20,000.
func BenchmarkQuery(b *testing.B) {
	for _, dir := range []string{"", b.TempDir()} {
		b.Run(map[bool]string{true: "memory", false: "disk"}[dir == ""], func(b *testing.B) {
			c, err := localcloud.Open(localcloud.Options{Dir: dir, Durability: localcloud.Process})
			if err != nil {
				b.Fatal(err)
			}
			w := make([]cloud.Write, 100)
			for i := range 200 {
				for j := range w {
					w[j] = cloud.Write{Key: cloud.Key{Part: "t|G#1#0", Sort: fmt.Sprintf("W#q#%06d#c", i*100+j)}, Put: cloud.Item{"epoch": 1, "skills": []string{"loan"}}}
				}
				if err := c.Table().Transact(b.Context(), "", w...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				page, _, err := c.Table().Query(b.Context(), cloud.Query{Part: "t|G#1#0", From: "W#q#", To: "W#q#\uffff", Strong: true, Limit: 20})
				if err != nil || len(page) != 20 {
					b.Fatal(len(page), err)
				}
			}
			b.StopTimer()
			if err := c.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
