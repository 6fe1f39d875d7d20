/* texts.h - texts that stand in several folders, and numbers as text. Needs no
** other header. */
#ifndef TAVUS_TEXTS_H
#define TAVUS_TEXTS_H

/* Says that memory ran out: the text of Lua's own error. It is raised by
** tavus_no_memory (compat.h), or returned behind a nil. */
#define TAVUS_NO_MEMORY "not enough memory"

/* The digits of a number that a macro names, as a string literal. */
#define TAVUS_DIGITS(number) TAVUS_DIGITS_OF(number)
#define TAVUS_DIGITS_OF(number) #number

#endif
