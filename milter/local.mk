# mailweir-milter
