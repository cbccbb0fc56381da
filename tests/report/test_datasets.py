"""Lines of progress: none for what is quick, one now and then for what is not."""

import io

from divbench.report.datasets import INTERVAL, Lines


def test_lines_come_after_the_interval_and_no_more_often():
    now, stream = [0.0], io.StringIO()
    lines = Lines(stream, lambda: now[0])
    for second in range(1, 18):
        now[0] = float(second)
        lines("verifying" if second < 8 else "writing", second, 17)
    assert INTERVAL == 5.0
    assert stream.getvalue() == "verifying  29%\nwriting    59%\nwriting    88%\n"
