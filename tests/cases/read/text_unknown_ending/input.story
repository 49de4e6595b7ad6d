Council backs second bridge

The city council voted on Monday to build a second bridge over the river.

Work is to begin in spring.
