"""Who people are: units, people, groups, sign-in, permissions, and the registers of villages.

Every other slice stands on this one; it knows none of them.
"""
