# mailweir-policyd
