on unicorn do stop
