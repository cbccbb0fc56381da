"""What is measured without a run: random critics and their kernels, Q iteration on finite processes, growth."""
