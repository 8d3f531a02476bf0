#!/usr/bin/env bash
# The data architect's door with nothing but curl: propose a term, let another decide, ask the release before.
# It releases the ontology with one more class, so run it against a demo.
#   examples/walks/architect.sh [http://127.0.0.1:8420]
set -euo pipefail
url=${1:-http://127.0.0.1:8420}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
number=$(date +%s)
term="Walk${number}Warpage"

releases() { curl -fsS "$url/ontology/releases" | grep -oE 'https://[^"]*/release/[^"]*'; }

before=$(releases | head -n 1)
echo "# The release that is current: $before"
cat > "$folder/supplement.ttl" <<TURTLE
@prefix q: <https://w3id.org/qonto/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
q:$term a owl:Class ; rdfs:subClassOf q:Warpage ;
  rdfs:label "walk warpage $number"@en, "演练翘曲$number"@zh ;
  skos:definition "A warpage that was only made up to walk through a proposal."@en, "仅为演练提案流程而虚构的翘曲。"@zh ;
  skos:example "The first one that a newcomer proposes."@en, "新用户提出的第一个术语。"@zh .
TURTLE

echo "# Proposed by li: a request with the change in words, in both languages"
curl -fsS "$url/change-requests" --data-binary "@$folder/supplement.ttl" \
  -H 'Content-Type: text/turtle' -H 'Qualweave-Principal: li' -H 'Qualweave-Roles: architect' -o "$folder/request.json"
request=$(grep -oE '"id": ?"[^"]*"' "$folder/request.json" | head -n 1 | cut -d'"' -f4)
grep -oE '"(en|zh)": ?"[^"]*"' "$folder/request.json" | head -n 2

echo "# Nobody releases what the committee has not passed"
curl -sS -X POST "$url/ontology/change-requests/$request/accept" \
  -H 'Qualweave-Principal: li' -H 'Qualweave-Roles: architect' -o "$folder/refused.json" -w '%{http_code}\n'

echo "# Three seats vote"
for voter in wang:quality_director zhao:it_architect qian:chief_process_engineer; do
  curl -fsS "$url/ontology/change-requests/$request/votes" -H 'Content-Type: application/json' \
    -H "Qualweave-Principal: ${voter%%:*}" -H "Qualweave-Seats: ${voter##*:}" \
    -d "{\"choice\": \"yes\", \"seat\": \"${voter##*:}\"}" -o "$folder/voted.json"
done
grep -oE '"standing": ?"[a-z]*"' "$folder/voted.json"

echo "# Released: a graph of its own"
curl -fsS -X POST "$url/ontology/change-requests/$request/accept" \
  -H 'Qualweave-Principal: wang' -H 'Qualweave-Roles: architect' -o "$folder/accepted.json"
after=$(releases | head -n 1)
echo "$after"

echo "# The term in the new release and in the one before"
for release in "$after" "$before"; do
  curl -fsS -G "$url/sparql" -H 'Accept: application/sparql-results+json' \
    --data-urlencode "query=ASK FROM <$release> { q:$term rdfs:label ?label }" | grep -oE '"boolean": ?(true|false)'
done
