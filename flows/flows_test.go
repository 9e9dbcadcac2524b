package flows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huawu/flows"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/story"
)

// programs compiles every flow of the folder; its id is the file's name.
func programs(t *testing.T) map[string]*interp.Program {
	t.Helper()
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no flows: %v", err)
	}
	list := map[string]*interp.Program{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := flow.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range flow.Check(f) {
			t.Errorf("%s: %s", file, p)
		}
		id := strings.TrimSuffix(file, ".json")
		if list[id], err = interp.Compile(id, f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return list
}

// TestEveryFlowHasAStory plays the stories beside the flows; together they
// have to pass every branch of every flow.
func TestEveryFlowHasAStory(t *testing.T) {
	all := programs(t)
	var results []story.Result
	for id := range all {
		data, err := os.ReadFile(id + ".txtar")
		if err != nil {
			t.Errorf("%s.json has no story: %v", id, err)
			continue
		}
		d, err := story.Parse(data, all)
		if err != nil {
			t.Fatalf("%s.txtar: %v", id, err)
		}
		for _, s := range d.Stories {
			t.Run(id+"/"+s.Name, func(t *testing.T) {
				r := d.Run(s)
				if r.Err != nil {
					t.Errorf("%v", r.Err)
				}
				results = append(results, r)
			})
		}
	}
	for _, p := range all {
		if c := story.Cover(p, results); len(c.Missed) > 0 {
			t.Error(c)
		}
	}
}

func TestTheDemoQueuesACallerInTwoFunctionCalls(t *testing.T) {
	data, err := os.ReadFile("demo.txtar")
	if err != nil {
		t.Fatal(err)
	}
	d, err := story.Parse(append([]byte("queue service name=x\n-- short --\ncall flow=demo language=zh-CN\nsays 欢迎\nsays English\nasks 人工\npress 1\nqueued service\nloops 队列 queue-music\n"), data...), programs(t))
	if err != nil {
		t.Fatal(err)
	}
	if r := d.Run(d.Stories[0]); r.Err != nil || r.Invocations != 2 {
		t.Errorf("%d invocations: %v", r.Invocations, r.Err)
	}
}

func TestDemoFlowsAreTheFilesOfTheFolder(t *testing.T) {
	for _, f := range flows.Demo() {
		data, err := os.ReadFile(f.ID + ".json")
		if err != nil || string(data) != string(f.Document) {
			t.Errorf("flow %s differs from its file: %v", f.ID, err)
		}
	}
}
