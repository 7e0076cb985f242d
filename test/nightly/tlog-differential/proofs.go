package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A comparison has what proofs of a log are held against: its entries, and its tiles as x/mod's client reads them.
type comparison struct {
	report   *report
	computed *tree
	head     tlog.Tree
	reader   tlog.HashReader
}

// proofFiles checks .tlog-proof files, and hands out x/mod's own proofs of the same entries.
func (c *comparison) proofFiles(path string, verifier note.Verifier) {
	files, err := os.ReadDir(path)
	must(err)
	for _, file := range files {
		index, hashes, signed, err := parseProof(string(read(filepath.Join(path, file.Name()))))
		c.report.expect(err == nil, "%s: %v", file.Name(), err)
		if err != nil {
			continue
		}
		opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
		c.report.expect(err == nil, "the checkpoint in %s does not open: %v", file.Name(), err)
		if err != nil {
			continue
		}
		head, err := parseCheckpoint(opened.Text)
		c.report.expect(err == nil && head == c.head, "%s has another checkpoint", file.Name())
		c.report.expect(file.Name() == fmt.Sprintf("%d.tlog-proof", index), "%s is of entry %d", file.Name(), index)
		c.inclusion(index, hashes)
	}
}

func (c *comparison) inclusion(index int64, hashes []tlog.Hash) {
	r, size := c.report, c.head.N
	if index >= size {
		r.expect(false, "there is no entry %d", index)
		return
	}
	leaf := c.computed.leaves[index]
	err := tlog.CheckRecord(hashes, size, c.head.Hash, index, leaf)
	r.expect(err == nil, "the inclusion of %d in %d is refused", index, size)

	all := append(append([]tlog.Hash{}, hashes...), leaf, c.head.Hash)
	spoilt, bit := spoil(all)
	n := len(hashes)
	err = tlog.CheckRecord(spoilt[:n], size, spoilt[n+1], index, spoilt[n])
	r.expect(err != nil, "the inclusion of %d in %d is accepted with bit %d changed", index, size, bit)

	proof, err := tlog.ProveRecord(size, index, c.reader)
	must(err)
	r.expect(same(proof, hashes), "the proof of %d in %d is another one", index, size)
	r.Inclusion = append(r.Inclusion, inclusion{index, leaf, proof})
}

// consistencies checks the proofs in a file, and hands out x/mod's own between the same sizes.
func (c *comparison) consistencies(path string) {
	r, size := c.report, c.head.N
	var proofs []consistency
	must(json.Unmarshal(read(path), &proofs))
	for _, given := range proofs {
		old := given.OldSize
		r.expect(given.OldRoot == c.computed.root(old), "the root of %d is another one", old)
		err := tlog.CheckTree(given.Proof, size, c.head.Hash, old, given.OldRoot)
		r.expect(err == nil, "that %d continues %d is refused", size, old)

		all := append(append([]tlog.Hash{}, given.Proof...), given.OldRoot, c.head.Hash)
		spoilt, bit := spoil(all)
		n := len(given.Proof)
		err = tlog.CheckTree(spoilt[:n], size, spoilt[n+1], old, spoilt[n])
		r.expect(err != nil, "that %d continues %d is accepted with bit %d changed", size, old, bit)

		proof, err := tlog.ProveTree(size, old, c.reader)
		must(err)
		r.expect(same(proof, given.Proof), "the proof that %d continues %d is another one", size, old)
		r.Consistency = append(r.Consistency, consistency{old, c.computed.root(old), proof})
	}
}

// spoil changes one bit of one of the hashes.
func spoil(hashes []tlog.Hash) ([]tlog.Hash, int) {
	bit := rand.Intn(8 * tlog.HashSize * len(hashes))
	changed := append([]tlog.Hash{}, hashes...)
	changed[bit/8/tlog.HashSize][bit/8%tlog.HashSize] ^= 1 << uint(bit%8)
	return changed, bit
}

// same compares two proofs. Without hashes one is nil, and the other not.
func same(a, b []tlog.Hash) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// parseProof takes a .tlog-proof file apart: c2sp.org/tlog-proof.
func parseProof(text string) (int64, []tlog.Hash, string, error) {
	end := strings.Index(text, "\n\n")
	if end < 0 {
		return 0, nil, "", fmt.Errorf("no checkpoint")
	}
	lines := strings.Split(text[:end], "\n")
	if len(lines) > 1 && strings.HasPrefix(lines[1], "extra ") {
		lines = append(lines[:1], lines[2:]...)
	}
	if len(lines) < 2 || lines[0] != proofHeader || !strings.HasPrefix(lines[1], "index ") {
		return 0, nil, "", fmt.Errorf("no header or no index")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return 0, nil, "", err
	}
	var hashes []tlog.Hash
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, "", err
		}
		hashes = append(hashes, hash)
	}
	return index, hashes, text[end+2:], nil
}
