-- Events of some streams that answer a question.
l.stream = any({streams}::smallint[]) and {rest}
