# comments, several commands a line, quotes
echo one; echo two
echo "a; b"; echo 'c;d'
   stepi ;  info registers rip  ;
;;
echo
