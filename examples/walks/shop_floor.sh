#!/usr/bin/env bash
# The shop floor's door with nothing but curl: label, scan page, verified record, passports, recall.
#   examples/walks/shop_floor.sh [http://127.0.0.1:8420]
set -euo pipefail
url=${1:-http://127.0.0.1:8420}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

rows() { curl -fsS -G "$url/sparql" -H 'Accept: text/csv' --data-urlencode "query=$1" | tr -d '\r' | tail -n +2; }
encoded() { printf '%s' "$1" | sed 's/%/%25/g; s/#/%23/g; s/?/%3F/g; s/ /%20/g'; }

echo "# A unit that bears a GS1 identity, and its QR label"
unit=$(rows 'SELECT DISTINCT ?s WHERE { ?s q:derivedFromMaterial/q:derivedFromMaterial ?m FILTER (CONTAINS(STR(?s), "/21/")) } ORDER BY ?s LIMIT 1')
echo "$unit"
curl -fsS "$url/labels/$(encoded "$unit").svg" -o "$folder/label.svg"
head -c 60 "$folder/label.svg"; echo

echo "# What the label leads to: a page, and the same as JSON"
path=${unit#https://id.gs1.org}
curl -fsS "$url$path" -H 'Accept: text/html' -H 'Accept-Language: zh' -o "$folder/page.html"
grep -o '<title>[^<]*</title>' "$folder/page.html"
curl -fsS "$url$path?as=json" -o "$folder/unit.json"

echo "# A cell without GS1 identity: one of its key control points, verified against its hash"
cell=$(rows 'SELECT DISTINCT ?s WHERE { ?s a q:BatteryCell ; q:derivedFromMaterial ?m } ORDER BY ?s LIMIT 1')
number=${cell##*/}
curl -fsS "$url/scan/$number?as=json" -o "$folder/cell.json"
hash=$(grep -oE '"recordHash": ?"[0-9a-f]{64}"' "$folder/cell.json" | grep -oE '[0-9a-f]{64}' | head -n 1)
curl -fsS "$url/scan/$number?record=$hash" -o "$folder/record.json"
[ "$(sha256sum < "$folder/record.json" | cut -d' ' -f1)" = "$hash" ] && echo "verified: $hash"

echo "# Two passports: what anybody sees, and what an engineer sees"
curl -fsS "$url/passports/$(encoded "$unit")?tier=public" -H 'Qualweave-Roles: reader' -o "$folder/public.json"
curl -fsS "$url/passports/$(encoded "$unit")?tier=restricted" -H 'Qualweave-Roles: engineer' -o "$folder/restricted.json"
wc -c < "$folder/public.json"
wc -c < "$folder/restricted.json"
curl -sS "$url/passports/$(encoded "$unit")?tier=restricted" -H 'Qualweave-Roles: reader' -o "$folder/refused.json" -w '%{http_code}\n'

echo "# A shift nobody worked names the nearest; that one has curves, first and last article"
line=$(rows 'SELECT DISTINCT ?line WHERE { ?o q:onLine ?line ; q:startedAt ?at ; q:WeldCurrent ?v } ORDER BY ?line LIMIT 1')
curl -sS "$url/shifts/${line##*/}-20240101-D?as=json" -o "$folder/refused.json" -w '%{http_code}\n'
shift=$(grep -oE "${line##*/}-[0-9]{8}-[A-Z]" "$folder/refused.json" | grep -v 20240101 | head -n 1)
curl -fsS "$url/shifts/$shift?as=json" -o "$folder/shift.json"
echo "$shift: $(grep -oE '"parameter"' "$folder/shift.json" | wc -l) curves"

echo "# The lot that most was made from: who has it, and what can still be stopped"
lot=$(rows 'SELECT ?lot (COUNT(DISTINCT ?made) AS ?n) WHERE { ?made q:derivedFromMaterial ?lot } GROUP BY ?lot ORDER BY DESC(?n) ?lot LIMIT 1' | cut -d, -f1)
curl -fsS "$url/recall/$(encoded "$lot")" -o "$folder/recall.json"
grep -oE '"count": ?[0-9]+' "$folder/recall.json"
