package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/flow/interp"
	stories "huawu/shared/flow/story"
)

// storyFile is a document of stories, or a test case of Amazon Connect, read.
type storyFile struct {
	path   string
	folder string
	plays  []play
	within map[string]*interp.Program // flows that it holds itself
}

// play is one story that can be played.
type play struct {
	name string
	run  func() stories.Result
}

// storyResult is one story that was played.
type storyResult struct {
	File    string  `json:"file"`
	Story   string  `json:"story"`
	Passed  bool    `json:"passed"`
	Error   string  `json:"error,omitempty"`
	Calls   int     `json:"functionCalls"`
	Seconds float64 `json:"seconds"` // on the story's clock
	result  stories.Result
}

// branchReport is how much of a flow the stories beside it passed.
type branchReport struct {
	Flow     string   `json:"flow"`
	File     string   `json:"file"`
	Branches int      `json:"branches"`
	Percent  float64  `json:"percent"`
	Missed   []string `json:"missed"`
}

// testReport is what flow test found out.
type testReport struct {
	Stories  []storyResult  `json:"stories"`
	Coverage []branchReport `json:"coverage"`
	Broken   []string       `json:"broken"` // files that cannot be read or run
	Failed   int            `json:"failed"`
	millis   int64
}

// flowTest plays the stories beside flows.
func flowTest(ctx context.Context, out io.Writer, args []string) error {
	f := flowFlags("test", "[-o json] [-v] [--run REGEXP] [--min-coverage PERCENT] FILE…|DIR", "play the stories beside flows, and test cases of Amazon Connect: offline, on virtual time, in parallel",
		"huawu flow test flows\nhuawu flow test --min-coverage 100 -o json flows/hotline.txtar")
	output := f.String("o", "text", "text, or json")
	verbose := f.Bool("v", false, "list the stories that came true too")
	only := f.String("run", "", "play only stories whose name this regular expression finds")
	with := f.String("flow", "", "id of the flow that test cases are played with, in place of the one they name: exported ones name an ARN")
	least := f.Float64("min-coverage", 0, "end with exit code 1 if a flow's branches are passed less, in percent")
	rest, err := parseMixed(f, args, 1, -1)
	if err != nil {
		return err
	}
	if err := oneOf(f, "o", *output, "text", "json"); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return wrongUsage(f, "--run: %v", err)
	}
	began := time.Now()
	files, flows, report, err := readStories(rest, *with)
	if err != nil {
		return err
	}
	playStories(ctx, files, pattern, &report)
	if err := ctx.Err(); err != nil {
		return err
	}
	report.cover(files, flows)
	report.millis = time.Since(began).Milliseconds()
	if *output == "json" {
		err = printJSON(out, report)
	} else {
		err = report.print(out, *verbose)
	}
	thin := slices.ContainsFunc(report.Coverage, func(c branchReport) bool { return c.Percent < *least })
	if err == nil && (report.Failed > 0 || len(report.Broken) > 0 || thin) {
		return errFound
	}
	return err
}

// programsBeside are the flows of a folder, compiled once, by id.
type programsBeside map[string]map[string]*interp.Program

// readStories finds the stories and compiles the flows beside them. What cannot
// be read is reported with the rest.
func readStories(args []string, with string) ([]storyFile, programsBeside, testReport, error) {
	report := testReport{Stories: []storyResult{}, Coverage: []branchReport{}, Broken: []string{}}
	paths, err := storyPaths(args)
	if err != nil {
		return nil, nil, report, err
	}
	beside := programsBeside{}
	var files []storyFile
	for _, path := range paths {
		folder := filepath.Dir(path)
		if beside[folder] == nil {
			if beside[folder], err = compileFolder(folder, &report); err != nil {
				return nil, nil, report, err
			}
		}
		file, err := readStory(path, beside[folder], with)
		if err != nil {
			report.Broken = append(report.Broken, fmt.Sprintf("%s: %v", path, err))
			continue
		}
		files = append(files, file)
	}
	if len(paths) == 0 {
		return nil, nil, report, fmt.Errorf("no stories (*.txtar) and no test cases in %s", strings.Join(args, ", "))
	}
	return files, beside, report, nil
}

// readStory reads a document of stories.
func readStory(path string, beside map[string]*interp.Program, with string) (storyFile, error) {
	file := storyFile{path: path, folder: filepath.Dir(path), within: map[string]*interp.Program{}}
	data, err := os.ReadFile(path)
	if err != nil {
		return file, err
	}
	if isCase(path) {
		return file, file.readCase(data, beside, with)
	}
	doc, err := stories.Parse(data, beside)
	if err != nil {
		return file, err
	}
	if doc.Bots == nil {
		if doc.Bots, err = readBots(file.folder); err != nil {
			return file, err
		}
	}
	for id, p := range doc.Flows {
		if beside[id] != p {
			file.within[id] = p
		}
	}
	for _, s := range doc.Stories {
		file.plays = append(file.plays, play{s.Name, func() stories.Result { return doc.Run(s) }})
	}
	return file, nil
}

// storyPaths lists the stories that are meant: .txtar files, and JSON that is a
// test case. Of a flow, hotline.json, it is the story beside it.
func storyPaths(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		if id, ok := strings.CutSuffix(arg, ".json"); ok && !isCase(arg) {
			arg = id + ".txtar"
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".txtar") || isCase(path)) {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// compileFolder compiles the flows right in a folder.
func compileFolder(folder string, report *testReport) (map[string]*interp.Program, error) {
	list := map[string]*interp.Program{}
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		d, err := readDocument(path)
		if err != nil {
			return nil, err
		}
		if !looksLikeFlow(d.data) {
			continue
		}
		p, err := compileDocument(d)
		if err != nil {
			report.Broken = append(report.Broken, err.Error())
			continue
		}
		list[d.id] = p
	}
	return list, nil
}

// playStories plays every story whose name fits, as many at once as there are
// processors. It waits for all of them.
func playStories(ctx context.Context, files []storyFile, pattern *regexp.Regexp, report *testReport) {
	type job struct {
		path string
		play
	}
	var jobs []job
	for _, f := range files {
		for _, p := range f.plays {
			if pattern.MatchString(p.name) {
				jobs = append(jobs, job{f.path, p})
			}
		}
	}
	results := make([]storyResult, len(jobs))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(1, len(jobs))) {
		workers.Go(func() {
			for i := range next {
				r := jobs[i].run()
				results[i] = storyResult{File: jobs[i].path, Story: r.Name, Passed: r.Err == nil, Calls: r.Invocations, Seconds: r.Elapsed.Seconds(), result: r}
				if r.Err != nil {
					results[i].Error = r.Err.Error()
				}
			}
		})
	}
	for i := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	report.Stories = results
	for _, r := range results {
		if !r.Passed {
			report.Failed++
		}
	}
}

// cover says how much of each flow was passed: of one beside the stories by all
// stories of its folder, of one within a document by its own.
func (r *testReport) cover(files []storyFile, beside programsBeside) {
	played := map[string][]stories.Result{} // by file, and by folder
	for _, s := range r.Stories {
		folder := filepath.Dir(s.File)
		played[s.File] = append(played[s.File], s.result)
		played[folder] = append(played[folder], s.result)
	}
	add := func(p *interp.Program, file string, results []stories.Result) {
		c := stories.Cover(p, results)
		b := branchReport{Flow: c.Flow, File: file, Branches: c.Total, Percent: c.Percent(), Missed: []string{}}
		for _, v := range c.Missed {
			branch := v.Branch
			if branch == "" {
				branch = "end"
			}
			b.Missed = append(b.Missed, v.Action+": "+branch)
		}
		r.Coverage = append(r.Coverage, b)
	}
	for _, folder := range slices.Sorted(maps.Keys(beside)) {
		for _, id := range slices.Sorted(maps.Keys(beside[folder])) {
			if told(files, folder, id, played[folder]) {
				add(beside[folder][id], filepath.Join(folder, id+".json"), played[folder])
			}
		}
	}
	for _, f := range files {
		for _, id := range slices.Sorted(maps.Keys(f.within)) {
			add(f.within[id], f.path, played[f.path])
		}
	}
}

// told reports whether stories are about a flow: it has a document of its own
// name, or one of them came through it.
func told(files []storyFile, folder, id string, results []stories.Result) bool {
	for _, f := range files {
		if f.folder == folder && strings.TrimSuffix(filepath.Base(f.path), ".txtar") == id {
			return true
		}
	}
	return slices.ContainsFunc(results, func(r stories.Result) bool {
		return slices.ContainsFunc(r.Visits, func(v interp.Visit) bool { return v.Flow == id })
	})
}

// print writes the report for people.
func (r *testReport) print(out io.Writer, verbose bool) error {
	c := coloursFor(out)
	for _, text := range r.Broken {
		fmt.Fprintf(out, "%s %s\n", c.red("broken"), plain(text))
	}
	for _, s := range r.Stories {
		switch {
		case !s.Passed:
			fmt.Fprintf(out, "%s %s: %s\n       %s\n", c.red("failed"), s.File, plain(s.Story), plain(s.Error))
		case verbose:
			fmt.Fprintf(out, "%s     %s: %s %s\n", c.green("ok"), s.File, plain(s.Story), c.faint(fmt.Sprintf("(%s, %.0f s)", many(s.Calls, "function call"), s.Seconds)))
		}
	}
	for _, b := range r.Coverage {
		percent := fmt.Sprintf("%5.1f %%", b.Percent)
		if len(b.Missed) == 0 {
			percent = c.green(percent)
		} else {
			percent = c.yellow(percent)
		}
		fmt.Fprintf(out, "%s of %d branches: %s\n", percent, b.Branches, b.File)
		for i, missed := range b.Missed {
			if i == 10 && !verbose {
				fmt.Fprintf(out, "        and %d more; -v lists them\n", len(b.Missed)-i)
				break
			}
			fmt.Fprintf(out, "        missed %s\n", plain(missed))
		}
	}
	_, err := fmt.Fprintf(out, "%s, %d failed, %s, %d ms\n", strings.Replace(many(len(r.Stories), "story"), "storys", "stories", 1), r.Failed, many(len(r.Coverage), "flow"), r.millis)
	return err
}
