# SPDX-License-Identifier: BSD-2-Clause
# results.svg out of the blocks that results.awk writes to the file `data`. It has a background of
# its own: the same on a dark page as on a light one.
set terminal svg size 960,380 dynamic font "sans-serif,12" background "#f4f6f9"
set multiplot layout 1,3 margins 0.07,0.985,0.2,0.86 spacing 0.075,0.1
set border 3 linecolor "#4a5565"
set tics nomirror out textcolor "#1c2430"
set title textcolor "#1c2430" font ",13"
set ylabel textcolor "#4a5565" offset 1.5
set grid ytics linecolor "#d5dae2" linewidth 0.5 linetype 1
set logscale y
set key textcolor "#1c2430" samplen 1.2 spacing 1.1 width -2
set style fill solid 1.0 noborder

ours = "#0b57d0"
theirs = "#e07b00"
putty = "#7a869a"
gnupg = "#2e7d4f"

set title "One signature, median, µs"
set style data histograms
set style histogram clustered gap 1
set boxwidth 0.9
set xtics rotate by -30 font ",10"
set yrange [10:900000]
set format y "%.0f"
set mytics 1
set key top left
plot data index 0 using 2:xtic(1) title "split-ssh" linecolor rgb ours, \
    '' index 0 using 3 title "ssh-agent" linecolor rgb theirs, \
    '' index 0 using 4 title "pageant" linecolor rgb putty, \
    '' index 0 using 5 title "gpg-agent" linecolor rgb gnupg

set title "One list, median, µs, by the number of keys"
set logscale x
set xtics norotate font ",10" (1, 10, 100, 1000)
set xrange [0.8:1300]
set yrange [1:100000]
plot data index 1 using 1:2 with linespoints pointtype 7 pointsize 0.7 linewidth 2.5 linecolor rgb ours notitle, \
    '' index 1 using 1:3 with linespoints pointtype 7 pointsize 0.7 linewidth 2 linecolor rgb theirs notitle, \
    '' index 1 using 1:4 with linespoints pointtype 7 pointsize 0.7 linewidth 2 linecolor rgb putty notitle, \
    '' index 1 using 1:5 with linespoints pointtype 7 pointsize 0.7 linewidth 2 linecolor rgb gnupg notitle

set title "Signature of another client, p99, µs"
unset logscale x
set xrange [-0.8:4] # none of them may have enough samples
set yrange [10:3000000]
set xtics rotate by -30 font ",10" autofreq
set key top left
plot data index 2 using 2:xtic(1) title "idle" linecolor rgb "#9fc2f5", \
    '' index 2 using 3 title "16 connections sign, too" linecolor rgb "#b3261e"
unset multiplot
