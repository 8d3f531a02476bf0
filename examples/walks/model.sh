#!/usr/bin/env bash
# The door of programs and models with nothing but curl: schema, terms, a code, a trace, why, similar cases, a graph.
#   examples/walks/model.sh [http://127.0.0.1:8420]
set -euo pipefail
url=${1:-http://127.0.0.1:8420}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

rows() { curl -fsS -G "$url/sparql" -H 'Accept: text/csv' --data-urlencode "query=$1" | tr -d '\r' | tail -n +2; }
encoded() { printf '%s' "$1" | sed 's/%/%25/g; s/#/%23/g; s/?/%3F/g; s/ /%20/g'; }

echo "# What is there"
curl -fsS "$url/schema" -o "$folder/schema.json"
wc -c < "$folder/schema.json"

echo "# Story 1: one code, two meanings; a machine without a list gets no guess"
code=$(rows 'SELECT ?code (COUNT(DISTINCT ?m) AS ?n) WHERE { ?e q:code ?code ; q:denotes ?m } GROUP BY ?code HAVING (COUNT(DISTINCT ?m) > 1) ORDER BY ?code LIMIT 1' | cut -d, -f1)
curl -fsS "$url/codes/$code" -o "$folder/code.json"
echo "$code: $(grep -o '"machine_name"' "$folder/code.json" | wc -l) meanings"
curl -sS -G "$url/codes/$code" -d machine=nobody -o "$folder/refused.json" -w '%{http_code}\n'

echo "# Story 2: who ate this lot, and back again"
lot=$(rows 'SELECT ?lot (COUNT(DISTINCT ?made) AS ?n) WHERE { ?made q:derivedFromMaterial ?lot . ?lot q:derivedFromMaterial ?x } GROUP BY ?lot ORDER BY DESC(?n) ?lot LIMIT 1' | cut -d, -f1)
curl -fsS "$url/trace/$(encoded "$lot")?direction=forward" -o "$folder/forward.json"
made=$(rows "SELECT ?made WHERE { ?made q:derivedFromMaterial <$lot> } ORDER BY ?made LIMIT 1")
curl -fsS "$url/trace/$(encoded "$made")?direction=back" -o "$folder/back.json"
grep -qF "\"$lot\"" "$folder/back.json" && echo "$made leads back to $lot"

echo "# Story 3: why did it warp"
curl -fsS -G "$url/terms" --data-urlencode "q=翘曲" -d kind=defect -o "$folder/terms.json"
term=$(grep -oE '"iri": ?"[^"]*"' "$folder/terms.json" | head -n 1 | cut -d'"' -f4)
item=$(rows "SELECT ?item WHERE { ?d a <$term> ; q:foundOn ?item } ORDER BY ?item LIMIT 1")
curl -fsS "$url/items/$(encoded "$item")" -o "$folder/item.json"
curl -fsS "$url/causal-links/${term##*/}" -o "$folder/links.json"
curl -fsS "$url/cases/similar" -H 'Content-Type: application/json' -d "{\"item\": \"$item\"}" -o "$folder/cases.json"
echo "$item: $(grep -o '"mechanism"' "$folder/links.json" | wc -l) causal links, $(grep -oE '"score"' "$folder/cases.json" | wc -l) like cases"

echo "# The graph around it, numbered for a learner"
curl -fsS -G "$url/graph/neighbourhood" --data-urlencode "iri=$item" -d hops=2 -d limit=50 -o "$folder/around.json"
grep -oE '"truncated": ?(true|false)' "$folder/around.json"
