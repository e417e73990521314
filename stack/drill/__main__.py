import sys

from stack.drill.command import main

sys.exit(main())
