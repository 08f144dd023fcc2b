# mailweir
