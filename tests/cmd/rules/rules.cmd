info on
on io where port == 0xe9 do stop
on hlt do info vcpus
on guest_exit do print
info on
continue
info on
delete on 1
info on
