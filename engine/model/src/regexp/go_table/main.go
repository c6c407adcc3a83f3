// Writes the table that tests.rs compares with, to standard output: what Go's regexp says about patterns, those below
// and as many at random as the argument says (`go run . 600 >table.txt`, with github.com/grafana/regexp as
// Prometheus's go.mod names it).
//
// A line: pattern, error of the parser ("" if it has none), then for each text the expansion of "<$0,$1,$2,${n}>" or
// "!" without a match, and last which texts match as a whole in a selector. Fields are parted by tabs; what is not
// printable ASCII is percent-encoded.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"github.com/grafana/regexp"
	"github.com/grafana/regexp/syntax"
)

var texts = []string{"", "a", "b", "A", "ab", "aab", "a\nb", "k\u212a_1", "é٣ſ", "a]b", "-&[:x", "{2}(a)<", "aaa"}

var tokens = strings.Split("a b A k é 1 _ - & && ] [ ^ $ . * + ? | ( ) ( ) [a [^ [a-c] [^b] [[:word:]] [:^alpha:] "+
	"{2} {0,1} {1,} {3} {2,1} {1001} { } , *? +? ?? (?: (?i) (?s) (?m) (?U) (?i-s: (?-i) (?P<n> (?<n> (?<2x> (?= (?x) (?P "+
	"\\d \\D \\w \\W \\s \\S \\b \\B \\A \\z \\Z \\C \\Q \\E \\pL \\PN \\p{Lu} \\p{^Greek} \\p{Foo} \\p{ \\x41 \\x{e9} \\x{ "+
	"\\07 \\1 \\8 \\. \\- \\< \\h \\n \\v \\é a-z b-a \\d-z < > : [[a]] a&&b", " ")

func patterns(random int) []string {
	out := []string{
		"(", ")", "a)b", "a)(b", "((a)", "(?:a", "(?", "(?i", "(?i-", "(?i-)", "(?i-:a)", "(?-i)a", "(?ii)a", "(?i-i)a",
		"(?i-s-m)a", "(?x)a", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?#c)a", "(?P<n>a)", "(?<n>a)", "(?P<n>a", "(?P<n",
		"(?<n", "(?P<", "(?<", "(?P<>a)", "(?<>a)", "(?P<n-m>a)", "(?P<é>a)", "(?P<1>a)", "(?P=n)", "(?P>n)", "(?'n'a)",
		"(?<n>a)|(?<n>b)", "(?<n>a)(?<n>b)", "[", "[]", "[]a]", "[^]", "[^]a]", "[a", "[a-", "[a-]", "[-a]", "[a-b-c]", "[b-a]",
		"[a-\\d]", "[\\d-a]", "[\\d-]", "[[:word:]]", "[[:^word:]]", "[[:foo:]]", "[[:foo]", "[[:]", "[[a]]", "[a&&b]", "[a--b]",
		"[a~~b]", "[a||b]", "[\\", "[\\]", "[\\q]", "[[.a.]]", "[[=a=]]", "[^\\D\\d]", "[\\w-]", "(?i)[k]", "(?i)[^k]", "(?i)\\w",
		"(?i)\\W", "(?i)k", "(?i)[[:upper:]]", "(?i)\\p{Lu}", "(?i)\\P{Lu}", "(?i)s", "[^a]", "*", "+a", "?a", "{2}", "{2}a", "a**",
		"a*+", "a++", "a*?", "a*??", "a+?", "a???", "a{2}{3}", "a{2}*", "a*{2}", "a{,2}", "a{2", "a{2,", "a{2,1}", "a{02}",
		"a{1000}", "a{1001}", "a{1,1001}", "a{1001,}", "a{99999999999}", "a{2,99999999999}", "(?:a{100}){10}", "(?:a{100}){11}",
		"(?:a{31}){33}", "(?:(?:a{10}){10}){11}", "(?:a{2,}){600}", "(?:a{0}){1000}", "(?:a*){1000}", "a|*", "|*", "(*)", "(|a)*",
		"(|a)+", "(a*)*", "(a|b*)*", "^*", "$*", "\\b*", "a(?i)*", "a*(?i)*", "(?i)*", "\\Q\\E*", "a\\Q\\E*", "\\Qab\\E*", "\\Qa*", "\\Q[",
		"\\Q\\\\E", "[\\Qa]", "\\E", "\\", "a\\", "\\C", "\\h", "\\R", "\\K", "\\G", "\\Z", "\\X", "\\8", "\\0", "\\01", "\\012", "\\0123", "\\1",
		"\\12", "\\18", "\\x", "\\x4", "\\x4g", "\\x41", "\\xg", "\\x{", "\\x{}", "\\x{41", "\\x{41}", "\\x{10FFFF}", "\\x{110000}",
		"\\x{4g}", "\\x{D800}", "[\\x{D800}]", "[^\\x{D800}]", "[a\\x{D7FF}-\\x{E000}]", "\\u0041", "\\_", "\\é", "\\<", "\\ ", "\\#",
		"\\&", "\\~", "\\/", "\\pN", "\\p", "\\p{", "\\p{}", "\\p{^}", "\\pX", "\\p{Foo}", "\\p{han}", "\\p{Han}", "\\p{^Han}", "\\P{^Han}",
		"\\p{Letter}", "\\p{L}", "\\p{Cs}", "\\P{Cs}", "\\p{Any}", "\\P{Any}", "\\p{ASCII}", "\\pé", "[\\p{Foo}]", "[\\pL\\d]", "[^\\PL]",
		"\xff", "a\xffb(", "(\xff", "[\xff]", "\\\xff", "\\Q\xff", "(?P<\xff>a)", "(?P<a\xff", "\\p{\xff}", "\\p{\xff", "(?\xff)", "\\x\xff",
		".", "(?s).", "(?-s).", "a.b", "(?m)^b$", "^b$", "(?m:a$)", "\\Ab", "b\\z", "", "|", "||", "a|", "|a", "()", "(?:)", "(())", "(a|b)(c|)",
		"(?U)a+", "(?U)a+?", "(a+)(a*)", "(a+?)(a*)", "(?i:a)b", "(?i)a(?-i)b", "((?i)a)b", "a(?i)b|c", "(a)|(b)", "(?P<n>a)?b",
		strings.Repeat("(", 998) + "a" + strings.Repeat(")", 998), strings.Repeat("(", 1000) + "a" + strings.Repeat(")", 1000),
		strings.Repeat("(", 2000), strings.Repeat("(", 1200) + strings.Repeat(")", 1200), strings.Repeat("(?:", 1200) + "a" + strings.Repeat(")*", 1200),
	}
	source := rand.New(rand.NewSource(4))
	for range random {
		var pattern strings.Builder
		for range 1 + source.Intn(6) {
			pattern.WriteString(tokens[source.Intn(len(tokens))])
		}
		out = append(out, pattern.String())
	}
	return out
}

func encoded(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if b := text[i]; b < ' ' || b > '~' || b == '%' {
			fmt.Fprintf(&out, "%%%02X", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}

func main() {
	random, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	fields := make([]string, len(texts))
	for i, text := range texts {
		fields[i] = encoded(text)
	}
	fmt.Println(strings.Join(fields, "\t"))
	seen := map[string]bool{}
	for _, pattern := range patterns(random) {
		if seen[pattern] {
			continue
		}
		seen[pattern] = true
		parsed, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL)
		if err != nil {
			fmt.Printf("%s\t%s\n", encoded(pattern), encoded(err.Error()))
			continue
		}
		anywhere := regexp.MustCompile(pattern)
		whole := regexp.MustCompile("^(?s:" + parsed.String() + ")$")
		found, matching := []string{}, ""
		for _, text := range texts {
			if at := anywhere.FindStringSubmatchIndex(text); at == nil {
				found = append(found, "!")
			} else {
				found = append(found, encoded(string(anywhere.ExpandString(nil, "<$0,$1,$2,${n}>", text, at))))
			}
			matching += map[bool]string{true: "1", false: "0"}[whole.MatchString(text)]
		}
		fmt.Printf("%s\t\t%s\t%s\n", encoded(pattern), strings.Join(found, "\t"), matching)
	}
}
