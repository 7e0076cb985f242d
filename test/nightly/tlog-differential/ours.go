package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// checkOurs holds a log that the ledger exported against x/mod. Differences are written down; what leaves nothing to
// compare ends the program.
func checkOurs(path string, r *report) {
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(filepath.Join(path, "vkey")))))
	must(err)
	log := &folder{path: filepath.Join(path, "log")}
	signed := read(filepath.Join(log.path, "checkpoint"))
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	r.expect(opened.Sigs[0].Name == verifier.Name(), "the checkpoint is not signed by the key")
	checkBits(signed, verifier, r)
	checkSigner(path, signed, opened.Text, r)
	head, err := parseCheckpoint(opened.Text)
	must(err)

	entries, err := log.entries(head.N)
	must(err)
	computed := &tree{}
	for _, entry := range entries {
		computed.add(entry)
	}
	r.expect(computed.root(head.N) == head.Hash, "the entries make up another root than the checkpoint has")
	checkFiles(log, computed, r)
	checkSpoilt(log, head, r)
	reader := tlog.TileHashReader(head, log)
	c := &comparison{report: r, computed: computed, head: head, reader: reader}
	c.proofFiles(filepath.Join(path, "proofs"), verifier)
	c.consistencies(filepath.Join(path, "consistency.json"))
}

// checkBits opens the note with each of its bits changed in turn.
func checkBits(signed []byte, verifier note.Verifier, r *report) {
	for bit := 0; bit < 8*len(signed); bit++ {
		changed := flip(signed, bit)
		// base64 leaves four bits of the digit before a single "=" unused. x/mod lets them be anything, we do not.
		if sameSignature(signed, changed) {
			continue
		}
		_, err := note.Open(changed, note.VerifierList(verifier))
		r.expect(err != nil, "the checkpoint opens with bit %d changed", bit)
	}
}

func sameSignature(a, b []byte) bool {
	at := bytes.LastIndexByte(a, ' ') + 1
	if !bytes.Equal(a[:at], b[:at]) || b[len(b)-1] != '\n' {
		return false
	}
	decodedA, errA := base64.StdEncoding.DecodeString(string(a[at : len(a)-1]))
	decodedB, errB := base64.StdEncoding.DecodeString(string(b[at : len(b)-1]))
	return errA == nil && errB == nil && bytes.Equal(decodedA, decodedB)
}

// checkSigner signs anew with the key file of the ledger: Ed25519 leaves no choice, so that it is the same note.
func checkSigner(path string, signed []byte, text string, r *report) {
	signer, err := note.NewSigner(strings.TrimSpace(string(read(filepath.Join(path, "skey")))))
	must(err)
	again, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	r.expect(bytes.Equal(again, signed), "x/mod signs the checkpoint differently")
}

// parseCheckpoint reads the text of c2sp.org/tlog-checkpoint. tlog.ParseTree is for the first line of go.sum's log only.
func parseCheckpoint(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("not three lines: %q", text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// checkFiles compares every file with what belongs there. Partial tiles of exports before this one are there as well.
func checkFiles(log *folder, computed *tree, r *report) {
	for _, tile := range tilesOf(computed.size()) {
		_, err := os.Stat(filepath.Join(log.path, filepath.FromSlash(pathOf(tile))))
		r.expect(err == nil, "%s is missing", pathOf(tile))
	}
	must(filepath.WalkDir(log.path, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() || file.Name() == "checkpoint" {
			return err
		}
		name, err := filepath.Rel(log.path, path)
		must(err)
		tile, err := parsePath(filepath.ToSlash(name))
		r.expect(err == nil, "%s is no path of a tile", name)
		if err != nil {
			return nil
		}
		want, err := computed.file(tile)
		found := read(path)
		if tile.L < 0 {
			r.expect(err == nil && bytes.Equal(found, want), "%s has other entries", name)
			return nil
		}
		for i := 0; i < tile.W*tlog.HashSize; i += tlog.HashSize {
			ok := err == nil && len(found) == len(want) && bytes.Equal(found[i:i+tlog.HashSize], want[i:i+tlog.HashSize])
			r.expect(ok, "hash %d of %s is another one", i/tlog.HashSize, name)
		}
		return nil
	}))
}

// checkSpoilt lets x/mod's client read each tile as it is, and partial ones with a bit changed. Of full ones, versions
// before v0.40.0 do not hold the first that are read against their parents (CVE-2026-56865): a change there says nothing of
// us. That full tiles are right, checkFiles sees.
func checkSpoilt(log *folder, head tlog.Tree, r *report) {
	for _, tile := range tilesOf(head.N) {
		if tile.L < 0 {
			continue
		}
		first := []int64{tlog.StoredHashIndex(height*tile.L, tile.N*width)}
		_, err := tlog.TileHashReader(head, log).ReadHashes(first)
		r.expect(err == nil, "the client refuses %s: %v", pathOf(tile), err)
		if tile.W == width {
			continue
		}
		data, err := log.ReadTiles([]tlog.Tile{tile})
		must(err)
		bit := rand.Intn(8 * len(data[0]))
		changed := &folder{path: log.path, spoilt: tile, data: flip(data[0], bit)}
		_, err = tlog.TileHashReader(head, changed).ReadHashes(first)
		r.expect(err != nil, "the client accepts %s with bit %d changed", pathOf(tile), bit)
	}
}
