// The Go side of ../tlog-differential.mjs: what golang.org/x/mod/sumdb says of a log in the layout of
// c2sp.org/tlog-tiles. Answers on stdout with the JSON of a report.
//
//	ours FOLDER                 checks the log in FOLDER/log against FOLDER/vkey, FOLDER/skey and the proofs beside it
//	theirs FOLDER SIZE KIND     writes a log of its own into FOLDER/log, with FOLDER/policy and proofs beside it
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// An inclusion is the proof that an entry is in the tree of all entries.
type inclusion struct {
	Index    int64            `json:"index"`
	LeafHash tlog.Hash        `json:"leafHash"`
	Proof    tlog.RecordProof `json:"proof"`
}

// A consistency is the proof that the tree of all entries begins with the tree of OldSize entries.
type consistency struct {
	OldSize int64          `json:"oldSize"`
	OldRoot tlog.Hash      `json:"oldRoot"`
	Proof   tlog.TreeProof `json:"proof"`
}

type report struct {
	Compared    int           `json:"compared"`
	Differences []string      `json:"differences"`
	Inclusion   []inclusion   `json:"inclusion,omitempty"`
	Consistency []consistency `json:"consistency,omitempty"`
	Skey        string        `json:"skey,omitempty"`
	Vkey        string        `json:"vkey,omitempty"`
}

// expect counts a comparison, and keeps what it was about if it fails.
func (r *report) expect(ok bool, format string, args ...interface{}) {
	r.Compared++
	if !ok {
		r.Differences = append(r.Differences, "Go: "+fmt.Sprintf(format, args...))
	}
}

// flip returns data with one bit changed.
func flip(data []byte, bit int) []byte {
	changed := append([]byte{}, data...)
	changed[bit/8] ^= 1 << uint(bit%8)
	return changed
}

// must ends the program: what it is about is no difference, but keeps from comparing.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func main() {
	log.SetFlags(0)
	r := &report{Differences: []string{}}
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "ours":
		checkOurs(args[1], r)
	case len(args) == 4 && args[0] == "theirs":
		size, err := strconv.ParseInt(args[2], 10, 64)
		must(err)
		writeTheirs(args[1], size, args[3], r)
	default:
		must(errors.New("ours FOLDER, or theirs FOLDER SIZE KIND"))
	}
	must(json.NewEncoder(os.Stdout).Encode(r))
}
