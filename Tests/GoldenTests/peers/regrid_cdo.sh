#!/usr/bin/env bash
# The numbers that RegridGoldenTests compares with.
#   regrid_cdo.sh METHOD TARGET INPUT OUTPUT SELECT   METHOD: remapbil remapbic remapcon remapnn
#   regrid_cdo.sh values - INPUT OUTPUT SELECT     the field itself
#   regrid_cdo.sh areas - INPUT OUTPUT SELECT      its cell areas (m2, radius 6371 km)
# SELECT: an operator that picks one map, as selname,tas. TARGET: a CDO grid name or description file. OUTPUT: EXTRA format, float64, missing -9e33.
set -euo pipefail
case $1 in
  values) cdo -s -O -f ext -b F64 setmissval,-9e33 -$5 "$3" "$4" ;;
  areas) cdo -s -O -f ext -b F64 gridarea -$5 "$3" "$4" ;;
  *) cdo -s -O -f ext -b F64 "$1,$2" -setmissval,-9e33 -$5 "$3" "$4" ;;
esac
