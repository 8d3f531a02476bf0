#!/usr/bin/env bash
# The analyst's door with nothing but curl: questions in words, templates of a class, SPARQL, four formats.
#   examples/walks/analyst.sh [http://127.0.0.1:8420]
set -euo pipefail
url=${1:-http://127.0.0.1:8420}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "# A question in words: which question was understood, and its rows"
curl -fsS -G "$url/ask" --data-urlencode "q=各产线的焊接电流平均值" -d format=table

echo "# The same catalogue asked by id, as CSV with the unit in the heading"
curl -fsS -G "$url/ask" -d q=parameter-by-line --data-urlencode "parameter=welding current" -d format=csv -o "$folder/rows.csv"
head -n 3 "$folder/rows.csv"

echo "# A question that the catalogue does not hold is refused, and names the nearest"
curl -sS -G "$url/ask" --data-urlencode "q=Who will win the cup?" -o "$folder/refused.json" -w '%{http_code}\n'
grep -o '"next_step":"[^"]*"' "$folder/refused.json"

echo "# One of the four templates of a class, as a table and as Parquet"
curl -fsS "$url/queries/WeldCurrent/aggregate?by=line&format=table"
curl -fsS "$url/queries/WeldCurrent/list?limit=1000&format=parquet" -o "$folder/list.parquet"
head -c 4 "$folder/list.parquet"; echo " $(wc -c < "$folder/list.parquet") bytes"

echo "# SPARQL: the file, row and column that a value came from"
curl -fsS "$url/sparql" -H 'Accept: text/csv' -H 'Content-Type: application/sparql-query' --data-binary '
  SELECT ?s ?v WHERE { ?s q:WeldCurrent ?v } ORDER BY ?s LIMIT 1' | tr -d '\r' > "$folder/one.csv"
subject=$(sed -n 2p "$folder/one.csv" | cut -d, -f1)
curl -fsS -G "$url/provenance" --data-urlencode "s=$subject" -d p=q:WeldCurrent; echo
