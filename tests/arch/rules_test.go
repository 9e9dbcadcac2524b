package arch

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// importRule forbids imports. It looks at product code, and at tests where
// tests is set.
type importRule struct {
	why   string
	tests bool
	match func(f file, imp string) bool
}

func (r importRule) forbids(f file, imp string) bool {
	return (r.tests || !f.test) && r.match(f, imp)
}

// words are the pure rooms: no clock, no goroutine, no I/O, no log.
var words = []string{
	"shared/fault", "shared/near", "shared/phone", "shared/hours", "shared/sma", "shared/flow", "shared/trunk", "shared/wfm",
	"mediarelay/media/g711", "mediarelay/media/wav",
}

// domain are the rooms of the contact centre itself.
var domain = []string{
	"shared/contact", "shared/customer", "shared/agent", "shared/acd", "shared/ivr", "shared/event", "shared/ticket",
	"shared/message", "shared/recording", "shared/speech", "shared/kb", "shared/qa", "shared/dialer", "shared/crm",
	"shared/report", "shared/privacy", "shared/audit", "shared/auth", "shared/live", "shared/desk",
}

var importRules = []importRule{
	only("only cloud/awscloud and the tests of its bed know the AWS SDK", "github.com/aws/aws-sdk-go-v2", "shared/cloud/awscloud", "tests/localstack"),
	only("only mediarelay/sipleg knows sipgo", "github.com/emiago/sipgo", "mediarelay/sipleg"),
	only("only media, webleg and sipleg know pion", "github.com/pion", "mediarelay/media", "mediarelay/webleg", "mediarelay/sipleg"),
	only("only shared/desk knows huma", "github.com/danielgtaylor/huma", "shared/desk"),
	only("only localcloud knows bbolt", "go.etcd.io/bbolt", "shared/cloud/localcloud"),
	{why: "words import only words", match: func(f file, imp string) bool {
		return below(f.room, words...) && below(imp, module) == false && strings.HasPrefix(imp, module+"/") && !below(imp, words...)
	}},
	{why: "words do no I/O", match: func(f file, imp string) bool {
		io := []string{"os", "os/exec", "net", "net/http", "log", "log/slog", "database/sql", "context"}
		return below(f.room, words...) && slices.Contains(io, imp)
	}},
	{why: "ports import only shared/fault", match: func(f file, imp string) bool {
		return f.room == "shared/cloud" && strings.HasPrefix(imp, module+"/") && imp != module+"/shared/fault"
	}},
	{why: "a side of the cloud knows ports, not the domain", tests: true, match: func(f file, imp string) bool {
		return below(f.room, "shared/cloud") && strings.HasPrefix(imp, module+"/") && !below(imp, "shared/cloud", "shared/fault")
	}},
	{why: "the domain does not know how it is run", match: func(f file, imp string) bool {
		return below(f.room, domain...) && !below(imp, words...) && (below(imp, "functions", "mediarelay", "localstack", "cmd", "web") ||
			below(imp, "shared/cloud/awscloud", "shared/cloud/localcloud", "shared/cloud/lambdaevent"))
	}},
	{why: "shared/desk is the edge: no other domain room imports it", match: func(f file, imp string) bool {
		return below(imp, "shared/desk") && below(f.room, domain...) && !below(f.room, "shared/desk")
	}},
	{why: "the relay executes, it decides no routing", match: func(f file, imp string) bool {
		return below(f.room, "mediarelay") && !below(f.room, "mediarelay/cmd") && below(imp, "shared/acd", "shared/flow", "shared/ivr", "shared/agent")
	}},
	{why: "a relay's call does not know SIP", match: func(f file, imp string) bool {
		return below(f.room, "mediarelay/call", "mediarelay/media") && below(imp, "mediarelay/sipleg", "mediarelay/webleg")
	}},
	{why: "handlers take ports; only a main opens a cloud", match: func(f file, imp string) bool {
		return below(f.room, "functions") && path.Base(f.room) == "handler" && below(imp, "shared/cloud/awscloud", "shared/cloud/localcloud")
	}},
	{why: "a function is no library", match: func(f file, imp string) bool {
		return below(imp, "functions") && !below(f.room, "functions", "localstack/onebox") && !below(f.room, "tests")
	}},
	{why: "only cmd, tests and the function itself know onebox", match: func(f file, imp string) bool {
		return below(imp, "localstack") && !below(f.room, "cmd", "tests", "localstack")
	}},
	{why: "nothing imports a command", tests: true, match: func(f file, imp string) bool {
		return below(imp, "cmd") && !below(f.room, "cmd")
	}},
}

// only forbids a module outside of some rooms, tests included.
func only(why, mod string, rooms ...string) importRule {
	return importRule{why: why, tests: true, match: func(f file, imp string) bool {
		return (imp == mod || strings.HasPrefix(imp, mod+"/")) && !below(f.room, rooms...)
	}}
}

// touchRule forbids something in the product code of some rooms.
type touchRule struct {
	why   string
	rooms func(file) bool
	found func(ast.Node) bool
}

var touchRules = []touchRule{
	{"words take now as an argument", in(words...), calls("time", "Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker", "AfterFunc")},
	{"words start no goroutine", in(words...), isGo},
	{"the domain takes its clock from a field", in(domain...), calls("time", "Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker", "AfterFunc")},
	{"a function has no goroutine of its own", in("functions"), isGo},
	{"the environment is read in main only", notMain, calls("os", "Getenv", "LookupEnv", "Environ")},
	{"a process ends in main only", notMain, calls("os", "Exit")},
	{"log.Fatal belongs to main", notMain, calls("log", "Fatal", "Fatalf", "Fatalln")},
	{"no init: wire in main", everywhere, isInit},
	{"waiting is for a condition or a clock, never a sleep", everywhere, calls("time", "Sleep")},
}

func everywhere(file) bool { return true }

func notMain(f file) bool { return f.ast.Name.Name != "main" }

func in(rooms ...string) func(file) bool {
	return func(f file) bool { return below(f.room, rooms...) }
}

func isGo(n ast.Node) bool { _, ok := n.(*ast.GoStmt); return ok }

func isInit(n ast.Node) bool {
	f, ok := n.(*ast.FuncDecl)
	return ok && f.Recv == nil && f.Name.Name == "init" && f.Name.Pos() != token.NoPos
}

// calls finds uses of a package's functions, by the package's usual name.
func calls(pkg string, names ...string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == pkg && slices.Contains(names, s.Sel.Name)
	}
}
