"""A second street, drawn by another hand, and what a careful office would know about it.

The sample street and the warehouse were written side by side: what one of them misunderstands, the other is likely to
misunderstand too. This street was drawn, and its oracle written, from the rules alone, without a look at the sample or
at the code under test, and it shares nothing with them: other names of roads and homes, other families, other dirt.
Where the two disagree, one of them has read the rules wrongly.

`draw` writes the departments' files and the truth of each record, `oracle` works out from the truth what must come
out, plainly and slowly, `street` asks the warehouse built from the files, `compare` sets the two side by side.
"""
