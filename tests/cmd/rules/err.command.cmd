on io do stepi
